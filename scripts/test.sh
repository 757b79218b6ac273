#!/usr/bin/env bash
# Everything that must hold before a change lands.
#   scripts/test.sh        all of it: format, lints, licences, unit, integration, contracts, end-to-end stories
#   scripts/test.sh fast   format, lints, unit tests but for the slowest: for the desk, under a minute when warm
# Continuous integration runs the first. Build products go to ./target, or where CARGO_TARGET_DIR says;
# under CI=true to a cache outside the clone, so that the next run is quicker.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-all}
case $mode in all | fast) ;; *) sed -n '2,6p' "$0" >&2; exit 2 ;; esac

if [ "${CI:-}" = true ] && [ -z "${CARGO_TARGET_DIR:-}" ]; then
  export CARGO_TARGET_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/countersign/target"
fi
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
started=$SECONDS
failed=()
passed=0
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT

# step NAME COMMAND…: runs one gate; a failing gate does not hide the next one.
step() {
  local name=$1 at=$SECONDS; shift
  printf '\n== %s\n' "$name"
  if "$@" 2>&1 | tee "$said/$name"; then passed=$((passed + 1)); printf '== %s: ok (%ss)\n' "$name" $((SECONDS - at))
  else failed+=("$name"); printf '== %s: FAILED (%ss)\n' "$name" $((SECONDS - at)); fi
}

# How many gates held; of each that did not, the end of what it said, so that the end of a long record is enough.
finish() {
  local name
  for name in ${failed[@]+"${failed[@]}"}; do
    printf '\n== %s said, at its end\n' "$name"
    tail -n 100 "$said/$name"
  done
  printf '\n== %s gates in %ss\n' "$((passed + ${#failed[@]}))" $((SECONDS - started))
  if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}"
    printf 'gates: %s passed, %s failed\n' "$passed" "${#failed[@]}"
    exit 1
  fi
  printf 'gates: %s passed, 0 failed\n' "$passed"
}

# The demo's last line has the form that its readers' scripts look for.
demo() {
  local out last
  out=$(scripts/demo.sh) || { printf '%s\n' "$out"; return 1; }
  printf '%s\n' "$out"
  last=${out##*$'\n'}
  [[ $last =~ ^demo:\ ok\ userOpHash=0x[0-9a-f]{64}\ tx=0x[0-9a-f]{64}\ sign_ms=[0-9.]+\ total_ms=[0-9.]+$ ]]
}

# The devnet comes up by its script, and ends when it is told to.
devnet() {
  local dir pid deadline=$((SECONDS + 300))
  dir=$(mktemp -d)
  scripts/devnet.sh --dir "$dir" &
  pid=$!
  until [ -f "$dir/devnet.json" ]; do
    kill -0 "$pid" 2>/dev/null || { echo 'the devnet ended early'; return 1; }
    [ "$SECONDS" -lt "$deadline" ] || { kill "$pid"; echo 'the devnet did not come up'; return 1; }
    sleep 0.2
  done
  kill -TERM "$pid" && wait "$pid" && rm -r "$dir"
}

# Each fuzz target for a short while, from its seeds. It runs on the stable compiler, with coverage but without a
# sanitizer; a panic, an input that takes longer than 10 s or more than 1 GiB of memory fails. FUZZ_SECONDS is for each.
fuzz() {
  local target found
  found=$(mktemp -d)
  for target in operation calldata wire frames policy typed_data; do
    mkdir "$found/$target"
    cargo fuzz run -D -s none "$target" "$found/$target" "fuzz/corpus/$target" -- \
      -max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 || return 1
  done
  rm -r "$found"
}

scripts/setup.sh test
export PATH="$PWD/.tools/venv/bin:$PATH"

step 'format' cargo fmt --all --check
step 'lints' cargo clippy --workspace --all-targets --all-features -q -- -D warnings

if [ "$mode" = fast ]; then
  step 'unit tests, but for the slowest, and tidy' \
    cargo nextest run --profile fast --workspace --lib --bins --test tidy
  finish
  exit 0
fi

step 'lints of the bundler client without default features' \
  cargo clippy -p countersign-bundler-client --no-default-features -q -- -D warnings
step 'licences, bans, sources' cargo deny --log-level error check licenses bans sources
step 'unused dependencies' cargo shear
step 'spelling' typos
step 'binaries' cargo build --workspace --bins -q
step 'unit and integration tests' cargo nextest run --workspace -E 'not binary(e2e)'
step 'documentation examples' cargo test --workspace --doc -q
step 'documentation' env RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items -q
step 'fuzzing, a short run of each target' fuzz
step 'contracts' scripts/contracts.sh
step 'contracts, proofs' scripts/contracts.sh prove
step 'demo' demo
step 'devnet' devnet
step 'end-to-end stories' cargo test -q --workspace --test e2e
finish
