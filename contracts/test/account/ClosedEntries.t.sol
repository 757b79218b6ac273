// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {Receiver} from "solady/accounts/Receiver.sol";

/// @notice What libraries for accounts offer beyond our interface must not exist here.
contract ClosedEntriesTest is World {
    bytes32 private constant IMPLEMENTATION_SLOT =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    function test_hasExactlyTheseFunctions() public view {
        string memory json =
            vm.readFile("contracts/out/CountersignAccountV08.sol/CountersignAccountV08.json");
        string[] memory found = vm.parseJsonKeys(json, ".methodIdentifiers");
        string[27] memory expected = [
            "CHANGE_DELAY()",
            "FREEZE_COOLDOWN()",
            "FREEZE_PERIOD()",
            "cancelGuardianChange()",
            "cancelOwnerChange()",
            "completeGuardianChange()",
            "completeOwnerChange()",
            "eip712Domain()",
            "entryPoint()",
            "execute(bytes32,bytes)",
            "freeze()",
            "frozenUntil()",
            "guardian()",
            "initialize(address)",
            "isValidSignature(bytes32,bytes)",
            "nextFreezeAt()",
            "owner()",
            "ownerNonce()",
            "ownerProofDigest(address)",
            "pendingGuardian()",
            "pendingOwner()",
            "proposeOwnerChange(address,bytes)",
            "proxiableUUID()",
            "rotateOwner(address,bytes)",
            "setGuardian(address)",
            "supportsExecutionMode(bytes32)",
            "supportsInterface(bytes4)"
        ];
        assertEq(found.length, expected.length + 3);
        for (uint256 i; i < expected.length; ++i) {
            assertEq(found[i], expected[i]);
        }
        assertEq(found[27], "unfreeze()");
        assertEq(found[28], "upgradeToAndCall(address,bytes)");
        assertTrue(_startsWith(found[29], "validateUserOp("));
    }

    function test_reverts_whenAskedToMoveOwnershipWithoutProof() public {
        _closed(abi.encodeWithSignature("transferOwnership(address)", stranger.addr));
        _closed(abi.encodeWithSignature("renounceOwnership()"));
        _closed(abi.encodeWithSignature("requestOwnershipHandover()"));
        _closed(abi.encodeWithSignature("completeOwnershipHandover(address)", stranger.addr));
        _closed(abi.encodeWithSignature("cancelOwnershipHandover()"));
    }

    function test_reverts_whenAskedToDelegate() public {
        _closed(abi.encodeWithSignature("delegateExecute(address,bytes)", target, ""));
    }

    function test_reverts_whenAskedForRawStorage() public {
        _closed(abi.encodeWithSignature("storageStore(bytes32,bytes32)", bytes32(0), bytes32(0)));
        _closed(abi.encodeWithSignature("storageLoad(bytes32)", bytes32(0)));
    }

    function test_reverts_whenAskedToExecuteInAnotherWay() public {
        _closed(abi.encodeWithSignature("execute(address,uint256,bytes)", target, 0, ""));
        _closed(abi.encodeWithSignature("executeBatch((address,uint256,bytes)[])", new Call[](0)));
        _closed(abi.encodeWithSelector(0x8dd7712f, _op(""), bytes32(0))); // executeUserOp
        _closed(abi.encodeWithSignature("withdrawDepositTo(address,uint256)", owner.addr, 0));
    }

    function testFuzz_changesNothingForAStranger(
        address caller,
        uint8 selector,
        bytes calldata data
    ) public {
        vm.assume(caller != address(entryPoint) && caller != address(account));
        _setGuardian();
        vm.assume(caller != guardian);
        string memory json =
            vm.readFile("contracts/out/CountersignAccountV08.sol/CountersignAccountV08.json");
        string[] memory found = vm.parseJsonKeys(json, ".methodIdentifiers");
        bytes4 known = bytes4(keccak256(bytes(found[selector % found.length])));
        bytes32 before = _state();

        vm.startPrank(caller);
        (bool ok,) = address(account).call(bytes.concat(known, data));
        (ok,) = address(account).call(data);
        vm.stopPrank();

        assertEq(_state(), before);
    }

    function _closed(bytes memory call) private {
        address[5] memory callers =
            [address(entryPoint), address(account), owner.addr, guardian, stranger.addr];
        for (uint256 i; i < callers.length; ++i) {
            vm.prank(callers[i]);
            (bool ok, bytes memory reason) = address(account).call(call);
            assertFalse(ok);
            assertEq(reason, abi.encodeWithSelector(Receiver.FnSelectorNotRecognized.selector));
        }
    }

    function _state() private view returns (bytes32 digest) {
        bytes32 slot = keccak256(abi.encode(uint256(keccak256("countersign.storage.Account")) - 1))
            & ~bytes32(uint256(0xff));
        digest = vm.load(address(account), IMPLEMENTATION_SLOT);
        for (uint256 i; i < 4; ++i) {
            digest = keccak256(
                abi.encode(digest, vm.load(address(account), bytes32(uint256(slot) + i)))
            );
        }
    }

    function _startsWith(string memory text, string memory start) private pure returns (bool) {
        for (uint256 i; i < bytes(start).length; ++i) {
            if (bytes(text)[i] != bytes(start)[i]) return false;
        }
        return true;
    }
}
