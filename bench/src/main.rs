//! `countersign-bench`: real processes measured beside the bare library, in one run, as ratios. Ships nothing.

mod bare_library;
mod committee;
mod core;
mod guards;
mod load;
mod local_key;
mod op;
mod quorum;
mod sign;
mod stats;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Set for the cosigner processes that this program starts out of its own file, so that what is measured is always
/// what was built with it.
const ROLE: &str = "COUNTERSIGN_BENCH_ROLE";

/// Measures Countersign on this machine.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  cargo run --release -p countersign-bench -- sign --runs 1000 --json\n  cargo run --release -p countersign-bench -- op --runs 50 --json\n  cargo run --release -p countersign-bench -- guards --json\n  cargo run --release -p countersign-bench -- load --json"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One quorum call to real cosigner processes on loopback, beside the bare library and beside a local key.
    Sign {
        /// How many signatures of each sort.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        runs: u32,
        /// Print one JSON object and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// `wallet_sendCalls` to inclusion on a devnet, beside the same calls through the same gateway with a local key.
    /// Needs `countersign` and `cosigner` built in the same folder, or in COUNTERSIGN_BIN_DIR.
    Op {
        /// How many operations of each sort.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        runs: u32,
        /// Print one JSON object and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// What the guards cost: their share of a quorum's signature.
    Guards {
        /// How many signatures.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        runs: u32,
        /// Print one JSON object and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// Requests that come all at once, on one key and on a hundred children of it, beside the bare library on all cores.
    Load {
        /// How many requests at once. A cosigner has 256 places, and each request takes one at two of the three.
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=256))]
        requests: u32,
        /// How many bursts of each sort, in turn.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Print one JSON object and nothing else.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    if std::env::var_os(ROLE).is_some() {
        core::take_mine();
        return countersign_cosigner::main();
    }
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (report, json) = match cli.command {
        Command::Sign { runs, json } => {
            (serde_json::to_value(runtime.block_on(sign::measure(runs))?)?, json)
        }
        Command::Op { runs, json } => {
            (serde_json::to_value(runtime.block_on(op::measure(runs))?)?, json)
        }
        Command::Guards { runs, json } => {
            (serde_json::to_value(runtime.block_on(guards::measure(runs))?)?, json)
        }
        Command::Load { requests, rounds, json } => {
            (serde_json::to_value(runtime.block_on(load::measure(requests, rounds))?)?, json)
        }
    };
    if json {
        println!("{report}");
    } else {
        println!("{report:#}");
    }
    Ok(())
}
