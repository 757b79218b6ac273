//! The cosigner daemon: it reads before it signs.

fn main() -> std::process::ExitCode {
    countersign_cosigner::main()
}
