#!/usr/bin/env bash
# The main job, on this machine, from nothing: three cosigners make a key, a wallet is created, a sponsored batch of
# two calls is sent by JSON-RPC, signed by a quorum, submitted through a real bundler and confirmed on Anvil.
# Ends with one line `demo: ok …`; a failure exits non-zero and names the failing part's log.
#   scripts/demo.sh [--help]
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h | --help) sed -n '2,5p' "$0" | sed 's/^# \?//'; exit 0 ;; esac

scripts/setup.sh run
printf 'demo: building (the first build takes some minutes)\n' >&2
cargo build -q -p countersign -p countersign-cosigner -p countersign-devnet --bins
exec "${CARGO_TARGET_DIR:-target}/debug/countersign-devnet" demo "$@"
