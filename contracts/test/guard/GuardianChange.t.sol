// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {World} from "../support/World.sol";

/// @notice setGuardian, cancelGuardianChange, completeGuardianChange.
contract GuardianChangeTest is World {
    address private next = makeAddr("next guardian");

    function test_setsTheFirstGuardianAtOnce() public {
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChanged(address(0), guardian);

        _handle(_signed(_op(abi.encodeCall(account.setGuardian, (guardian)))));

        assertEq(account.guardian(), guardian);
    }

    function test_setsAnotherGuardianAfterTheDelay() public {
        _setGuardian();
        uint48 readyAt = START + account.CHANGE_DELAY();
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChangeProposed(next, readyAt);
        vm.prank(address(account));
        account.setGuardian(next);
        assertEq(account.guardian(), guardian);
        (address pending, uint48 at) = account.pendingGuardian();
        assertEq(pending, next);
        assertEq(at, readyAt);

        vm.warp(readyAt - 1);
        vm.prank(address(account));
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.TooEarly.selector, readyAt));
        account.completeGuardianChange();

        vm.warp(readyAt);
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChanged(guardian, next);
        vm.prank(address(account));
        account.completeGuardianChange();
        assertEq(account.guardian(), next);
        (pending, at) = account.pendingGuardian();
        assertEq(at, 0);
    }

    function test_removesTheGuardianAfterTheDelayWithWhatItProposed() public {
        _setGuardian();
        bytes memory proof = _proof(stranger);
        vm.prank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);
        vm.startPrank(address(account));
        account.setGuardian(address(0));
        vm.warp(START + 3 days);
        account.completeGuardianChange();
        vm.stopPrank();

        assertEq(account.guardian(), address(0));
        (address pending,,) = account.pendingOwner();
        assertEq(pending, address(0));
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, guardian));
        account.freeze();
    }

    function test_letsAnotherGuardianFreezeAtOnce() public {
        _setGuardian();
        vm.prank(guardian);
        account.freeze();
        vm.warp(account.frozenUntil());
        vm.startPrank(address(account));
        account.setGuardian(next);
        vm.warp(block.timestamp + 3 days);
        account.completeGuardianChange();
        vm.stopPrank();

        vm.prank(next);
        account.freeze();
        assertGt(account.frozenUntil(), block.timestamp);
    }

    function test_canBeCancelled() public {
        _setGuardian();
        vm.startPrank(address(account));
        account.setGuardian(next);
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChangeCancelled(next);
        account.cancelGuardianChange();

        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.completeGuardianChange();
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.cancelGuardianChange();
    }

    function test_reverts_whenTheGuardianIsTheAccountOrTheSame() public {
        vm.startPrank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.InvalidGuardian.selector, address(account))
        );
        account.setGuardian(address(account));
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.InvalidGuardian.selector, address(0)));
        account.setGuardian(address(0));
    }

    function test_reverts_whileAnOwnerChangeIsLocked() public {
        _setGuardian();
        vm.prank(address(account));
        account.setGuardian(next);
        bytes memory proof = _proof(stranger);
        vm.startPrank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);
        account.freeze();
        vm.stopPrank();
        vm.warp(account.frozenUntil());
        bytes memory locked =
            abi.encodeWithSelector(IOwnerGuard.OwnerChangeLocked.selector, stranger.addr);

        vm.startPrank(address(account));
        vm.expectRevert(locked);
        account.setGuardian(address(0));
        vm.expectRevert(locked);
        account.completeGuardianChange();
    }

    function test_reverts_whileFrozen() public {
        _setGuardian();
        vm.prank(guardian);
        account.freeze();
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.startPrank(address(account));
        vm.expectRevert(frozen);
        account.setGuardian(next);
        vm.expectRevert(frozen);
        account.completeGuardianChange();
        vm.expectRevert(frozen);
        account.cancelGuardianChange();
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != address(entryPoint) && caller != address(account));
        bytes memory refused = abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refused);
        account.setGuardian(caller);
        vm.expectRevert(refused);
        account.completeGuardianChange();
        vm.expectRevert(refused);
        account.cancelGuardianChange();
    }
}
