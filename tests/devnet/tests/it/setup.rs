//! `scripts/setup.sh` on machines that lack something. The machine is a folder on PATH.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Output},
};

use countersign_devnet::Workspace;

/// What the script needs of any machine.
const BASICS: [&str; 8] = ["bash", "cat", "cut", "dirname", "env", "id", "sed", "sha256sum"];

/// A machine with these programs, and with an `apt-get` that writes down what it is asked for.
fn machine(programs: &[&str]) -> tempfile::TempDir {
    let machine = tempfile::tempdir().unwrap();
    let bin = machine.path().join("bin");
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir(machine.path().join("scripts")).unwrap();
    let script = Workspace::locate().unwrap().root().join("scripts/setup.sh");
    fs::copy(script, machine.path().join("scripts/setup.sh")).unwrap();
    for name in BASICS {
        let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
        symlink(found.iter().find(|path| path.exists()).unwrap(), bin.join(name)).unwrap();
    }
    let asked = machine.path().join("asked");
    write_program(&bin.join("apt-get"), &format!("echo \"$@\" >>{}", asked.display()));
    // Whoever runs the test, the machine's user may install.
    write_program(&bin.join("sudo"), "exec \"$@\"");
    for program in programs {
        write_program(&bin.join(program), "exit 0");
    }
    machine
}

fn write_program(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn set_up(machine: &tempfile::TempDir, what: &str) -> (Output, String) {
    let out = Command::new("/bin/bash")
        .args(["scripts/setup.sh", what])
        .current_dir(machine.path())
        .env_clear()
        .env("PATH", machine.path().join("bin"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    (out, said)
}

#[test]
fn without_rust_it_prints_the_command_that_installs_it() {
    let machine = machine(&["node", "npm", "cc"]);

    let (out, said) = set_up(&machine, "run");

    assert!(!out.status.success());
    assert!(
        said.contains("curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"),
        "{said}"
    );
    assert!(!machine.path().join("asked").exists(), "nothing is installed before Rust is there");
}

#[test]
fn what_a_debian_lacks_is_announced_and_installed() {
    let machine = machine(&["cargo"]);

    let (out, said) = set_up(&machine, "test");

    let wanted = "nodejs npm build-essential python3 python3-venv";
    assert!(said.contains(&format!("setup: installing from Debian: {wanted}")), "{said}");
    let asked = fs::read_to_string(machine.path().join("asked")).unwrap();
    assert_eq!(asked, format!("update -qq\ninstall -y -qq {wanted}\n"));
    // This apt-get brings nothing, which is said, and not found out by a later step.
    assert!(!out.status.success());
    assert!(said.contains("missing: node"), "{said}");
}

#[test]
fn only_what_is_lacking_is_installed() {
    let machine = machine(&["cargo", "node", "npm"]);

    let (_, said) = set_up(&machine, "run");

    assert!(said.contains("setup: installing from Debian: build-essential\n"), "{said}");
}
