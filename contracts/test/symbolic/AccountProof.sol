// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {CountersignAccount} from "../../src/CountersignAccount.sol";
import {CountersignAccountFactory} from "../../src/CountersignAccountFactory.sol";
import {CountersignAccountV07} from "../../src/CountersignAccountV07.sol";
import {CountersignAccountV08} from "../../src/CountersignAccountV08.sol";
import {Symbolic} from "./Symbolic.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @notice Who may do what to an account, for every caller, argument and signature.
abstract contract AccountProof is Symbolic {
    bytes32 private constant IMPLEMENTATION_SLOT =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    address internal constant OWNER = address(0x0123);

    CountersignAccount internal account;

    function _setUp(CountersignAccount implementation) internal {
        CountersignAccountFactory factory = new CountersignAccountFactory(address(implementation));
        account = CountersignAccount(payable(factory.createAccount(OWNER, 0)));
    }

    /// @dev What the owner of this version signs.
    function _ownerDigest(bytes32 userOpHash) internal pure virtual returns (bytes32);

    /// @notice Only the EntryPoint validates.
    function check_onlyTheEntryPointValidates(address caller, bytes32 hash, uint256 funds)
        external
    {
        vm.assume(caller != ENTRY_POINT);
        PackedUserOperation memory op = _operation(svm.createBytes(65, "signature"));
        vm.prank(caller);
        (bool ok,) =
            address(account).call(abi.encodeCall(account.validateUserOp, (op, hash, funds)));
        assert(!ok);
    }

    /// @notice A signature by another than the owner never validates, nor does a high `s`.
    function check_anotherSignerNeverValidates(bytes32 hash, uint8 v, bytes32 r, bytes32 s)
        external
    {
        bool high =
            uint256(s) > 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
        vm.assume(high || ecrecover(_ownerDigest(hash), v, r, s) != OWNER);
        PackedUserOperation memory op = _operation(abi.encodePacked(r, s, v));
        vm.prank(ENTRY_POINT);
        assert(account.validateUserOp(op, hash, 0) == 1);
    }

    /// @notice The owner's signature validates (so the proof above is not about nothing).
    function check_theOwnerValidates(bytes32 hash, uint8 v, bytes32 r, bytes32 s) external {
        vm.assume(uint256(s) <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0);
        vm.assume(ecrecover(_ownerDigest(hash), v, r, s) == OWNER);
        PackedUserOperation memory op = _operation(abi.encodePacked(r, s, v));
        vm.prank(ENTRY_POINT);
        assert(account.validateUserOp(op, hash, 0) == 0);
    }

    /// @notice Only the EntryPoint or the account itself executes.
    function check_onlyTheEntryPointOrItselfExecutes(address caller, bytes32 mode) external {
        _refuses(caller, abi.encodeCall(account.execute, (mode, svm.createBytes(160, "calls"))));
    }

    /// @notice Only the EntryPoint or the account itself upgrades.
    function check_onlyTheEntryPointOrItselfUpgrades(address caller, address next) external {
        bytes memory data = svm.createBytes(68, "data");
        _refuses(caller, abi.encodeCall(account.upgradeToAndCall, (next, data)));
    }

    /// @notice Only the EntryPoint or the account itself rotates the owner, even with a good proof.
    function check_onlyTheEntryPointOrItselfRotates(address caller, address next) external {
        bytes memory proof = svm.createBytes(65, "proof");
        _refuses(caller, abi.encodeCall(account.rotateOwner, (next, proof)));
    }

    /// @notice Without the new owner's proof not even the account itself rotates.
    function check_rotationDemandsAProof(address next, uint8 v, bytes32 r, bytes32 s) external {
        vm.assume(ecrecover(account.ownerProofDigest(next), v, r, s) != next);
        bytes memory proof = abi.encodePacked(r, s, v);
        vm.prank(address(account));
        (bool ok,) = address(account).call(abi.encodeCall(account.rotateOwner, (next, proof)));
        assert(!ok);
    }

    /// @notice Whatever else anybody else calls, owner, guardian and implementation stay.
    function check_nobodyElseChangesAnything(address caller, uint8 which, address argument)
        external
    {
        vm.assume(caller != ENTRY_POINT && caller != address(account) && caller != address(0));
        bytes32 implementation = vm.load(address(account), IMPLEMENTATION_SLOT);
        bytes memory call = _call(which, argument);
        vm.prank(caller);
        (bool ok,) = address(account).call(call);
        assert(!ok);
        assert(account.owner() == OWNER);
        assert(account.guardian() == address(0));
        assert(vm.load(address(account), IMPLEMENTATION_SLOT) == implementation);
    }

    /// @dev Every state-changing function that has no proof of its own above.
    function _call(uint8 which, address argument) private returns (bytes memory) {
        if (which == 0) return abi.encodeCall(account.initialize, (argument));
        if (which == 1) return abi.encodeCall(account.setGuardian, (argument));
        if (which == 2) return abi.encodeCall(account.cancelGuardianChange, ());
        if (which == 3) return abi.encodeCall(account.completeGuardianChange, ());
        if (which == 4) return abi.encodeCall(account.cancelOwnerChange, ());
        if (which == 5) return abi.encodeCall(account.completeOwnerChange, ());
        if (which == 6) return abi.encodeCall(account.freeze, ());
        if (which == 7) return abi.encodeCall(account.unfreeze, ());
        bytes memory proof = svm.createBytes(65, "proof");
        return abi.encodeCall(account.proposeOwnerChange, (argument, proof));
    }

    function _refuses(address caller, bytes memory call) private {
        vm.assume(caller != ENTRY_POINT && caller != address(account));
        vm.prank(caller);
        (bool ok,) = address(account).call(call);
        assert(!ok);
    }

    function _operation(bytes memory signature) private returns (PackedUserOperation memory op) {
        op.sender = address(account);
        op.callData = svm.createBytes(68, "callData");
        op.signature = signature;
    }
}

contract AccountV07Proof is AccountProof {
    function setUp() external {
        _setUp(new CountersignAccountV07(ENTRY_POINT));
    }

    function _ownerDigest(bytes32 userOpHash) internal pure override returns (bytes32) {
        return MessageHashUtils.toEthSignedMessageHash(userOpHash);
    }
}

/// @notice 0.9 has the same code.
contract AccountV08Proof is AccountProof {
    function setUp() external {
        _setUp(new CountersignAccountV08(ENTRY_POINT));
    }

    function _ownerDigest(bytes32 userOpHash) internal pure override returns (bytes32) {
        return userOpHash;
    }
}
