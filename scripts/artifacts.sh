#!/usr/bin/env bash
# Writes contracts/artifacts from a fresh compile; with `check`, only compares and fails on a difference.
# Rust reads these files, so that `cargo build` needs neither forge nor Node.
set -euo pipefail
cd "$(dirname "$0")/.."

forge=scripts/node_modules/@foundry-rs/forge-linux-amd64/bin/forge
"$forge" build --quiet contracts/src contracts/test/support/TestToken.sol contracts/test/support/Target.sol

node - "${1:-write}" <<'JS'
const fs = require("fs");
const mode = process.argv[2];
const sources = [
  ...["V07", "V08", "V09"].flatMap((v) => [`CountersignAccount${v}`, `SponsorPaymaster${v}`]),
  "CountersignAccountFactory",
  "TestToken",
  "Target",
];
let stale = 0;
for (const name of sources) {
  const built = JSON.parse(fs.readFileSync(`contracts/out/${name}.sol/${name}.json`, "utf8"));
  const text = JSON.stringify(
    {
      contractName: name,
      abi: built.abi,
      bytecode: built.bytecode.object,
      deployedBytecode: built.deployedBytecode.object,
    },
    null,
    2,
  ) + "\n";
  const path = `contracts/artifacts/${name}.json`;
  if (mode === "check") {
    if (!fs.existsSync(path) || fs.readFileSync(path, "utf8") !== text) {
      console.error(`${path} is not what the sources compile to; run scripts/artifacts.sh`);
      stale += 1;
    }
  } else {
    fs.writeFileSync(path, text);
  }
}
process.exit(stale === 0 ? 0 : 1);
JS
