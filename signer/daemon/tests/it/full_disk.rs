//! No write, no signature: a cosigner whose file system is really full, and then is not.

use std::path::Path;
use std::process::Command;

use countersign_protocol::SignReply;

use crate::process::{Processes, must_succeed};
use crate::signing::Committee;

/// The file system of the data directory, in bytes.
const SIZE: u64 = 8 << 20;

/// Tells the test that it runs in a mount namespace of its own.
const INSIDE: &str = "COUNTERSIGN_TEST_INSIDE_NAMESPACE";

/// The test runs itself once more, in a mount namespace of its own: what is mounted there nobody else sees, and it ends
/// with the process.
#[test]
fn a_cosigner_whose_disk_is_full_signs_nothing_until_there_is_room() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(story());
    }
    let this = "full_disk::a_cosigner_whose_disk_is_full_signs_nothing_until_there_is_room";
    let told = Command::new("unshare")
        .args(["--mount", "--map-root-user"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(INSIDE, "yes")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    assert!(said.contains("1 passed"), "it was not told: {said}");
}

async fn story() {
    let processes = Processes::set_up();
    must_be_small(&processes.data(0, ""));
    let committee = Committee::start_on(processes).await;
    committee.must_sign(&committee.call(&[1, 2], 1, 1)).await;
    let fill = committee.processes.data(0, "fill");
    must_fill(&fill);

    // The write-ahead log may have a little room left; what fits into it is on disk and may be signed.
    let mut refused = None;
    for nonce in 2..200 {
        let call = committee.call(&[1, 2], nonce, 1);
        let replies = committee.ask(&call).await;
        if !matches!(replies[0], Some(SignReply::Signed(_))) {
            refused = Some((nonce, replies));
            break;
        }
    }

    let (nonce, replies) = refused.unwrap();
    let Some(SignReply::Failed { message, .. }) = &replies[0] else { panic!("{replies:?}") };
    assert!(message.contains("could not be written down"), "{message}");
    assert!(matches!(replies[1], Some(SignReply::Failed { .. })), "{replies:?}");
    // the others go on without it
    committee.must_sign(&committee.call(&[2, 3], 300, 1)).await;

    std::fs::remove_file(&fill).unwrap();
    committee.must_sign(&committee.call(&[1, 2], nonce, 1)).await;
    must_succeed(&committee.processes.command(0, &["audit", "verify"]));
    // and what was not written down was not decided: another operation may have that nonce at the others alone
    let told = committee.processes.command(0, &["audit", "show"]);
    let told = String::from_utf8(told.stdout).unwrap();
    let decided = told.lines().filter(|line| line.contains("\"decision\":\"allowed\"")).count();
    assert_eq!(u64::try_from(decided).unwrap(), nonce, "one for each nonce up to this");
}

/// Puts the folder on a small file system of its own.
fn must_be_small(folder: &Path) {
    let aside = folder.with_file_name("aside");
    std::fs::rename(folder, &aside).unwrap();
    std::fs::create_dir(folder).unwrap();
    let size = format!("size={SIZE},mode=700");
    let run = |program: &str, arguments: &[&str]| {
        must_succeed(&Command::new(program).args(arguments).output().unwrap());
    };
    let at = folder.to_str().unwrap();
    run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", at]);
    run("cp", &["-a", &format!("{}/.", aside.display()), at]);
}

/// Writes until nothing more fits.
fn must_fill(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).unwrap();
    for piece in [64 << 10, 4 << 10, 1] {
        while file.write_all(&vec![0; piece]).is_ok() {
            assert!(file.metadata().unwrap().len() <= SIZE, "it is not small");
        }
    }
}
