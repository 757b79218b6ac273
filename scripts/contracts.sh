#!/usr/bin/env bash
# Checks the contracts: format, sizes, tests, gas and committed artifacts.
# `scripts/contracts.sh prove` runs halmos and slither, which it installs into .tools/contracts first.
set -euo pipefail
cd "$(dirname "$0")/.."

forge_bin=$PWD/scripts/node_modules/@foundry-rs/forge-linux-amd64/bin
export PATH="$forge_bin:$PATH"
if [ ! -x "$forge_bin/forge" ]; then
  echo "contracts: forge is missing; run: scripts/setup.sh run" >&2
  exit 1
fi

check() {
  forge fmt --check
  forge build --sizes
  scripts/artifacts.sh check
  # The first run compares gas with contracts/snapshots, the second reads traces (foundry.toml).
  FOUNDRY_PROFILE=ci FORGE_SNAPSHOT_CHECK=true forge test
  FOUNDRY_PROFILE=rules forge test
}

prove() {
  local tools=$PWD/.tools/contracts
  if [ ! -x "$tools/bin/halmos" ] || [ ! -x "$tools/bin/slither" ]; then
    echo "contracts: installing halmos and slither into .tools/contracts"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet halmos==0.3.3 slither-analyzer==0.11.6
  fi
  # From nothing, because slither reads one compile's whole input and output. halmos finds its build done.
  local out=contracts/cache/prove/out
  export FOUNDRY_PROFILE=prove
  rm -rf contracts/cache/prove
  forge build --quiet --ast --build-info --extra-output storageLayout metadata
  "$tools/bin/halmos" --forge-build-out "$out" --match-contract 'Proof$' --no-status 2>&1 |
    { grep -v 'EXTCODECOPY: unknown address\|is assumed to have empty bytecode' || true; }
  "$tools/bin/slither" . --config-file slither.config.json --fail-pedantic
}

case "${1:-check}" in
  check) check ;;
  prove) prove ;;
  *) echo "usage: scripts/contracts.sh [check|prove]" >&2; exit 2 ;;
esac
