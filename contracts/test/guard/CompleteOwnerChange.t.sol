// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";

contract CompleteOwnerChangeTest is GuardedWorld {
    function test_makesTheNewOwnerTheOwnerAfterTheDelay() public {
        _propose();
        vm.warp(READY);
        vm.expectEmit(address(account));
        emit IOwnerGuard.OwnerChanged(owner.addr, stranger.addr);
        vm.prank(bundler);
        account.completeOwnerChange();

        assertEq(account.owner(), stranger.addr);
        _assertPending(address(0), 0, false);
    }

    function test_endsTheFreezeAndDropsAGuardianChange() public {
        vm.prank(address(account));
        account.setGuardian(bundler);
        _propose();
        _freeze();
        vm.warp(READY);
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChangeCancelled(bundler);
        vm.expectEmit(address(account));
        emit IOwnerGuard.Unfrozen();

        account.completeOwnerChange();

        assertEq(account.frozenUntil(), 0);
        assertEq(account.guardian(), guardian);
        (, uint48 at) = account.pendingGuardian();
        assertEq(at, 0);
    }

    function test_reverts_beforeTheDelayIsOver() public {
        _propose();
        vm.warp(READY - 1);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.TooEarly.selector, READY));
        account.completeOwnerChange();
    }

    function test_reverts_whenNothingIsPending() public {
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.completeOwnerChange();
    }
}
