// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IEntryPoint} from "@account-abstraction/v08/interfaces/IEntryPoint.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdAssertions} from "forge-std/StdAssertions.sol";
import {StdCheats} from "forge-std/StdCheats.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

enum Version {
    V07,
    V08,
    V09
}

/// @notice Puts the published EntryPoints at their canonical addresses.
/// @dev 0.9 is npm's release candidate, which is not the 0.9 that is deployed on public chains.
abstract contract EntryPoints is CommonBase, StdAssertions, StdCheats, StdUtils {
    bool public IS_TEST = true;

    string internal constant ARTIFACTS = "scripts/node_modules/@account-abstraction/contracts-v";

    function _deployEntryPoint(Version version) internal returns (IEntryPoint) {
        (string memory name, address at) = version == Version.V07
            ? ("07", 0x0000000071727De22E5E9d8BAf0edAc6f37da032)
            : version == Version.V08
                ? ("08", 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108)
                : ("09", 0x433709009B8330FDa32311DF1C2AFA402eD8D009);
        vm.setNonce(at, 1); // As any contract has; the SenderCreator's address depends on it.
        deployCodeTo(string.concat(ARTIFACTS, name, "/artifacts/EntryPoint.json"), at);
        vm.label(at, string.concat("EntryPoint", name));
        return IEntryPoint(at);
    }
}
