#!/usr/bin/env bash
# Leaves the world of the demo up until Ctrl-C, for any client: its addresses are in .devnet/devnet.json.
#   scripts/devnet.sh [--help]
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -h | --help) sed -n '2,3p' "$0" | sed 's/^# \?//'; exit 0 ;; esac

scripts/setup.sh run
printf 'devnet: building (the first build takes some minutes)\n' >&2
cargo build -q -p countersign -p countersign-cosigner -p countersign-devnet --bins
exec "${CARGO_TARGET_DIR:-target}/debug/countersign-devnet" up "$@"
