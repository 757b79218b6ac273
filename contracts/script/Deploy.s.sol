// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {CountersignAccountFactory} from "../src/CountersignAccountFactory.sol";
import {CountersignAccountV07} from "../src/CountersignAccountV07.sol";
import {CountersignAccountV08} from "../src/CountersignAccountV08.sol";
import {CountersignAccountV09} from "../src/CountersignAccountV09.sol";
import {SponsorPaymasterV07} from "../src/SponsorPaymasterV07.sol";
import {SponsorPaymasterV08} from "../src/SponsorPaymasterV08.sol";
import {SponsorPaymasterV09} from "../src/SponsorPaymasterV09.sol";
import {Script} from "forge-std/Script.sol";
import {console2} from "forge-std/console2.sol";

/// @notice Deploys implementation, factory and paymaster for each EntryPoint that the chain has, by the
///         CREATE2 deployer with salt zero: the same addresses on every chain. What exists is left alone.
///
/// `PAYMASTER_OWNER=0x… PAYMASTER_SIGNER=0x… forge script contracts/script/Deploy.s.sol --rpc-url … --broadcast`
/// Without the two variables no paymaster is deployed. Its owner stakes it afterwards (ERC-7562).
contract Deploy is Script {
    address internal constant ENTRY_POINT_V07 = 0x0000000071727De22E5E9d8BAf0edAc6f37da032;
    address internal constant ENTRY_POINT_V08 = 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108;
    address internal constant ENTRY_POINT_V09 = 0x433709009B8330FDa32311DF1C2AFA402eD8D009;

    error DeploymentFailed(string name);

    /// @notice Deploys what is missing and prints every address.
    function run() external {
        address owner = vm.envOr("PAYMASTER_OWNER", address(0));
        address signer = vm.envOr("PAYMASTER_SIGNER", address(0));
        _deploy(
            "0.7",
            ENTRY_POINT_V07,
            type(CountersignAccountV07).creationCode,
            type(SponsorPaymasterV07).creationCode,
            abi.encode(ENTRY_POINT_V07, owner, signer)
        );
        _deploy(
            "0.8",
            ENTRY_POINT_V08,
            type(CountersignAccountV08).creationCode,
            type(SponsorPaymasterV08).creationCode,
            abi.encode(ENTRY_POINT_V08, owner, signer)
        );
        _deploy(
            "0.9",
            ENTRY_POINT_V09,
            type(CountersignAccountV09).creationCode,
            type(SponsorPaymasterV09).creationCode,
            abi.encode(ENTRY_POINT_V09, owner, signer)
        );
    }

    function _deploy(
        string memory version,
        address entryPoint,
        bytes memory accountCode,
        bytes memory paymasterCode,
        bytes memory paymasterArguments
    ) private {
        if (entryPoint.code.length == 0) {
            console2.log("no EntryPoint %s on this chain", version);
            return;
        }
        address implementation =
            _create2("implementation", version, bytes.concat(accountCode, abi.encode(entryPoint)));
        bytes memory factoryCode = type(CountersignAccountFactory).creationCode;
        _create2("factory", version, bytes.concat(factoryCode, abi.encode(implementation)));
        (, address owner, address signer) =
            abi.decode(paymasterArguments, (address, address, address));
        if (owner != address(0) && signer != address(0)) {
            _create2("paymaster", version, bytes.concat(paymasterCode, paymasterArguments));
        }
    }

    function _create2(string memory what, string memory version, bytes memory initCode)
        private
        returns (address at)
    {
        at = vm.computeCreate2Address(0, keccak256(initCode), CREATE2_FACTORY);
        if (at.code.length == 0) {
            vm.broadcast();
            (bool ok,) = CREATE2_FACTORY.call(bytes.concat(bytes32(0), initCode));
            if (!ok || at.code.length == 0) revert DeploymentFailed(what);
        }
        console2.log("%s %s: %s", what, version, at);
    }
}
