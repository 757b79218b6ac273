//! The example file, and what a configuration is refused for.

use super::*;

fn must_load(text: &str) -> Result<GatewayConfig, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    std::fs::write(&file, text).unwrap();
    GatewayConfig::load(&file)
}

fn example() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/gateway.example.toml")).unwrap()
}

#[test]
fn the_example_is_a_valid_configuration() {
    let config = must_load(&example()).unwrap();
    let chain = &config.chains[0];
    assert!(config.chain(chain.id).is_some());
    assert!(!chain.accounts.is_empty());
    assert!(chain.sponsor.is_some());
}

#[test]
fn the_example_mentions_every_field_of_a_chain() {
    let text = example();
    for field in [
        "confirmations",
        "reorg_depth",
        "poll_ms",
        "resubmit_s",
        "margin_percent",
        "fee_margin_percent",
        "min_priority_fee_wei",
        "max_fee_per_gas_wei",
        "sign_ms",
        "sign_attempt_ms",
        "node_ms",
        "bundler_ms",
        "paymaster_ms",
        "shutdown_ms",
        "concurrency",
        "metrics",
        "[telemetry]",
        "otlp",
        "sample",
        "[tls]",
        "cert",
        "body_bytes",
        "batch",
        "depth",
        "connections",
        "call_ms",
        "request_ms",
        "cors_origins",
        "[limits.methods]",
        "caller",
        "wallet",
        "approval_wait_s",
        "paymaster_services",
        "by_default",
        "window_s",
        "verification_gas_limit",
        "post_op_gas_limit",
    ] {
        assert!(text.contains(field), "{field} is not explained");
    }
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let config = must_load(&example()).unwrap();
    assert!(config.identity.is_absolute());
    assert!(config.database.starts_with("sqlite:///"));
}

#[test]
fn refuses_a_bundler_that_is_listed_twice() {
    let text = example().replace(
        "bundlers = [\"http://127.0.0.1:4337\"]",
        "bundlers = [\"http://127.0.0.1:4337\", \"http://127.0.0.1:4337\"]",
    );
    assert!(matches!(must_load(&text), Err(ConfigError::DuplicateBundler { .. })));
}

#[test]
fn refuses_a_field_it_does_not_know_by_name() {
    let error = must_load(&format!("colour = \"red\"\n{}", example())).unwrap_err();
    assert!(error.to_string().contains("colour"), "{error}");
}

#[test]
fn refuses_deadlines_with_which_a_step_would_outlive_its_claim() {
    let text = example().replace("sign_ms = 15000 ", "sign_ms = 60000 ");
    assert!(matches!(must_load(&text), Err(ConfigError::DeadlinesTooLong { .. })));
}

#[test]
fn a_bundler_that_is_listed_twice_is_named_without_its_path() {
    let url = "https://bundler.example/v2/SECRET";
    let text = example().replace("\"http://127.0.0.1:4337\"", &format!("\"{url}\", \"{url}\""));
    let error = must_load(&text).unwrap_err().to_string();
    assert!(error.contains("bundler.example") && !error.contains("SECRET"), "{error}");
}

#[test]
fn the_examples_collector_is_one_and_a_collector_beyond_this_machine_is_none() {
    let text = example();
    let told = text.replace("# [telemetry]", "[telemetry]");
    let told = told.replace("# otlp =", "otlp =").replace("# sample =", "sample =");
    let config = must_load(&told).unwrap();
    assert_eq!(config.telemetry.unwrap().otlp.as_str(), "http://127.0.0.1:4317/");
    assert!(must_load(&text).unwrap().telemetry.is_none(), "off unless it is asked for");
    let error = must_load(&told.replace("127.0.0.1:4317", "10.1.2.3:4317")).unwrap_err();
    assert!(error.to_string().contains("beyond this machine"), "{error}");
}
