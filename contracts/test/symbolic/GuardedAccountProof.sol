// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {AccountStorage} from "../../src/AccountStorage.sol";
import {CountersignAccount} from "../../src/CountersignAccount.sol";
import {CountersignAccountFactory} from "../../src/CountersignAccountFactory.sol";
import {CountersignAccountV08} from "../../src/CountersignAccountV08.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice Who may do what to an account that has a guardian while changes of owner and guardian are
///         pending, at every time, frozen or not, the owner change locked or not.
contract GuardedAccountProof is Symbolic {
    bytes32 private constant IMPLEMENTATION_SLOT =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    address private constant OWNER = address(0x0123);
    address private constant GUARDIAN = address(0x9a7d);
    address private constant NEXT_OWNER = address(0x0124);
    address private constant NEXT_GUARDIAN = address(0x9a7e);

    uint8 private constant CANCEL_GUARDIAN_CHANGE = 2;
    uint8 private constant COMPLETE_OWNER_CHANGE = 5;
    uint8 private constant EXECUTE = 10;

    CountersignAccount private account;
    address private implementation;
    address private nextImplementation;

    /// @dev What is pending, and when it is.
    struct Pending {
        uint48 time;
        uint48 frozenUntil;
        uint48 nextFreezeAt;
        uint48 ownerAt;
        bool locked;
        uint48 guardianAt;
    }

    function setUp() external {
        implementation = address(new CountersignAccountV08(ENTRY_POINT));
        nextImplementation = address(new CountersignAccountV08(ENTRY_POINT));
        CountersignAccountFactory factory = new CountersignAccountFactory(implementation);
        account = CountersignAccount(payable(factory.createAccount(OWNER, 0)));
    }

    /// @notice Whatever anybody but the guardian, the EntryPoint and the account itself calls, nothing
    ///         changes, except that a change that is due may be completed.
    function check_nobodyElseChangesAnything(Pending calldata p, address caller, uint8 which)
        external
    {
        vm.assume(caller != ENTRY_POINT && caller != address(account) && caller != GUARDIAN);
        bytes32 before = _enter(p);
        bytes memory call = _call(which);
        vm.prank(caller);
        (bool ok,) = address(account).call(call);
        if (ok) {
            assert(which == COMPLETE_OWNER_CHANGE && p.time >= p.ownerAt);
            assert(account.owner() == NEXT_OWNER && account.guardian() == GUARDIAN);
        } else {
            assert(_state() == before);
        }
        assert(_implementation() == implementation);
    }

    /// @notice Whatever the guardian calls, the owner stays unless a change is due, and guardian and
    ///         implementation stay.
    function check_theGuardianAloneTakesNothing(Pending calldata p, uint8 which) external {
        _enter(p);
        bytes memory call = _call(which);
        vm.prank(GUARDIAN);
        (bool ok,) = address(account).call(call);
        bool completes = ok && which == COMPLETE_OWNER_CHANGE && p.time >= p.ownerAt;
        assert(account.owner() == (completes ? NEXT_OWNER : OWNER));
        assert(account.guardian() == GUARDIAN);
        assert(_implementation() == implementation);
    }

    /// @notice While an owner change is locked, or the account is frozen, nothing that the account itself
    ///         or its EntryPoint calls cancels the change or replaces owner, guardian or implementation.
    function check_theAccountItselfEscapesNoLock(Pending calldata p, bool byEntryPoint, uint8 which)
        external
    {
        vm.assume(p.locked || p.time < p.frozenUntil);
        // Completing the change is what everyone may do.
        vm.assume(which != COMPLETE_OWNER_CHANGE);
        _enter(p);
        bytes memory call = _call(which);
        vm.prank(byEntryPoint ? ENTRY_POINT : address(account));
        (bool ok,) = address(account).call(call);
        // What is left once the freeze is over: to spend, and to withdraw an own proposal.
        bool harmless = which == CANCEL_GUARDIAN_CHANGE || which == EXECUTE;
        assert(!ok || (harmless && p.time >= p.frozenUntil));
        (address pending, uint48 at, bool locked) = account.pendingOwner();
        assert(pending == NEXT_OWNER && at == p.ownerAt && locked == p.locked);
        assert(account.owner() == OWNER && account.guardian() == GUARDIAN);
        assert(_implementation() == implementation);
    }

    /// @dev Puts the account into the state; returns what {_state} says of it.
    function _enter(Pending calldata p) private returns (bytes32) {
        vm.assume(p.ownerAt != 0);
        vm.warp(p.time);
        _store(0, uint256(uint160(OWNER)) | uint256(p.frozenUntil) << 160);
        _store(1, uint256(uint160(GUARDIAN)) | uint256(p.nextFreezeAt) << 160);
        _store(
            2,
            uint256(uint160(NEXT_OWNER)) | uint256(p.ownerAt) << 160 | uint256(p.locked ? 1 : 0)
                << 208
        );
        _store(3, uint256(uint160(NEXT_GUARDIAN)) | uint256(p.guardianAt) << 160);
        return _state();
    }

    /// @dev Every state-changing function; the order is {AccountProof}'s.
    function _call(uint8 which) private returns (bytes memory) {
        address argument = address(0xabc);
        if (which == 0) return abi.encodeCall(account.initialize, (argument));
        if (which == 1) return abi.encodeCall(account.setGuardian, (argument));
        if (which == 2) return abi.encodeCall(account.cancelGuardianChange, ());
        if (which == 3) return abi.encodeCall(account.completeGuardianChange, ());
        if (which == 4) return abi.encodeCall(account.cancelOwnerChange, ());
        if (which == 5) return abi.encodeCall(account.completeOwnerChange, ());
        if (which == 6) return abi.encodeCall(account.freeze, ());
        if (which == 7) return abi.encodeCall(account.unfreeze, ());
        if (which == 8) return abi.encodeCall(account.upgradeToAndCall, (nextImplementation, ""));
        bytes memory proof = svm.createBytes(65, "proof");
        if (which == 9) return abi.encodeCall(account.rotateOwner, (argument, proof));
        if (which == EXECUTE) {
            return
                abi.encodeCall(
                    account.execute, (bytes32(0), abi.encodePacked(argument, uint256(0)))
                );
        }
        return abi.encodeCall(account.proposeOwnerChange, (argument, proof));
    }

    function _store(uint256 offset, uint256 value) private {
        vm.store(address(account), bytes32(uint256(AccountStorage.SLOT) + offset), bytes32(value));
    }

    function _state() private view returns (bytes32 digest) {
        for (uint256 i; i < 4; ++i) {
            bytes32 slot = bytes32(uint256(AccountStorage.SLOT) + i);
            digest = keccak256(abi.encode(digest, vm.load(address(account), slot)));
        }
    }

    function _implementation() private view returns (address) {
        return address(uint160(uint256(vm.load(address(account), IMPLEMENTATION_SLOT))));
    }
}
