//! `countersign-bench sign`.

use std::process::Command;

use serde_json::Value;

#[test]
fn it_prints_one_json_object_with_its_figures() {
    let out = Command::new(env!("CARGO_BIN_EXE_countersign-bench"))
        .args(["sign", "--runs", "1", "--json"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));

    // Nothing but one object: this fails on anything before or after it.
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    for series in ["quorum_call_ms", "bare_library_ms", "local_key_ms"] {
        for quantile in ["p50", "p90", "p99"] {
            let ms = report[series][quantile].as_f64();
            assert!(ms.is_some_and(|ms| ms > 0.0), "{series}.{quantile} in {report}");
        }
    }
    for figure in ["ratio_to_library", "cosigner_rss_mb"] {
        assert!(report[figure].as_f64().is_some_and(|of| of > 0.0), "{figure} in {report}");
    }
    assert_eq!(report["runs"], 1, "{report}");
}
