// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";

contract CompleteGuardianChangeTest is GuardedWorld {
    uint48 private constant SET = START + 3 days;

    address private next = makeAddr("next guardian");

    function test_setsTheGuardianAfterTheDelay() public {
        _set(next);
        vm.warp(SET);
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChanged(guardian, next);
        vm.prank(address(account));
        account.completeGuardianChange();

        assertEq(account.guardian(), next);
        (, uint48 at) = account.pendingGuardian();
        assertEq(at, 0);
    }

    function test_removesTheGuardianWithWhatItProposed() public {
        _propose();
        _set(address(0));
        vm.warp(SET);
        vm.prank(address(account));
        account.completeGuardianChange();

        assertEq(account.guardian(), address(0));
        _assertPending(address(0), 0, false);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, guardian));
        account.freeze();
    }

    function test_letsAnotherGuardianFreezeAtOnce() public {
        _freeze();
        vm.warp(account.frozenUntil());
        _set(next);
        vm.warp(block.timestamp + 3 days);
        vm.prank(address(account));
        account.completeGuardianChange();

        vm.prank(next);
        account.freeze();
        assertGt(account.frozenUntil(), block.timestamp);
    }

    function test_reverts_beforeTheDelayIsOver() public {
        _set(next);
        vm.warp(SET - 1);
        vm.prank(address(account));
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.TooEarly.selector, SET));
        account.completeGuardianChange();
    }

    function test_reverts_whenNothingIsPending() public {
        vm.prank(address(account));
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.completeGuardianChange();
    }

    function test_reverts_whileAnOwnerChangeIsLocked() public {
        _set(next);
        _propose();
        _freeze();
        vm.warp(account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.OwnerChangeLocked.selector, stranger.addr)
        );
        account.completeGuardianChange();
    }

    function test_reverts_whileFrozen() public {
        _freeze();
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(frozen);
        account.completeGuardianChange();
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != address(entryPoint) && caller != address(account));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.completeGuardianChange();
    }

    function _set(address to) private {
        vm.prank(address(account));
        account.setGuardian(to);
    }
}
