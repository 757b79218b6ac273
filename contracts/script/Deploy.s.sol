// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {Script} from "forge-std/Script.sol";
import {console2} from "forge-std/console2.sol";

/// @notice Deploys implementation, factory and paymaster for each EntryPoint that the chain has, from
///         contracts/artifacts, by the CREATE2 deployer with salt zero: the same addresses on every
///         chain. What exists is left alone.
///
/// `forge script contracts/script/Deploy.s.sol --rpc-url … --broadcast`, with PAYMASTER_OWNER and
/// PAYMASTER_SIGNER in the environment. Without them no paymaster is deployed. Its owner adds deposit
/// and stake afterwards.
contract Deploy is Script {
    /// @notice What the chain has for one EntryPoint after {deploy}; zero for what it has not.
    struct Deployment {
        address implementation;
        address factory;
        address paymaster;
    }

    /// @notice Thrown when the CREATE2 deployer did not deploy.
    /// @param artifact The contract's name.
    error DeploymentFailed(string artifact);

    /// @notice Deploys what is missing and prints every address.
    function run() external {
        address owner = vm.envOr("PAYMASTER_OWNER", address(0));
        address signer = vm.envOr("PAYMASTER_SIGNER", address(0));
        deploy("V07", 0x0000000071727De22E5E9d8BAf0edAc6f37da032, owner, signer);
        deploy("V08", 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108, owner, signer);
        deploy("V09", 0x433709009B8330FDa32311DF1C2AFA402eD8D009, owner, signer);
    }

    /// @notice Deploys what is missing for one EntryPoint.
    /// @param version    `V07`, `V08` or `V09`.
    /// @param entryPoint The EntryPoint.
    /// @param owner      The paymaster's owner; zero for no paymaster.
    /// @param signer     The paymaster's signer; zero for no paymaster.
    function deploy(string memory version, address entryPoint, address owner, address signer)
        public
        returns (Deployment memory made)
    {
        if (entryPoint.code.length == 0) {
            console2.log("%s: no EntryPoint on this chain", version);
            return made;
        }
        made.implementation =
            _create2(string.concat("CountersignAccount", version), abi.encode(entryPoint));
        made.factory = _create2("CountersignAccountFactory", abi.encode(made.implementation));
        if (owner != address(0) && signer != address(0)) {
            made.paymaster = _create2(
                string.concat("SponsorPaymaster", version), abi.encode(entryPoint, owner, signer)
            );
        }
    }

    function _create2(string memory artifact, bytes memory arguments) private returns (address at) {
        bytes memory code = vm.getCode(string.concat("contracts/artifacts/", artifact, ".json"));
        bytes memory initCode = bytes.concat(code, arguments);
        at = vm.computeCreate2Address(0, keccak256(initCode), CREATE2_FACTORY);
        if (at.code.length == 0) {
            vm.broadcast();
            (bool ok,) = CREATE2_FACTORY.call(bytes.concat(bytes32(0), initCode));
            if (!ok || at.code.length == 0) revert DeploymentFailed(artifact);
        }
        console2.log("%s: %s", artifact, at);
    }
}
