// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";

contract UnfreezeTest is GuardedWorld {
    function test_endsAFreezeBeforeItsTimeAndNotItsCooldown() public {
        _freeze();
        uint48 next = account.nextFreezeAt();
        vm.expectEmit(address(account));
        emit IOwnerGuard.Unfrozen();
        vm.prank(guardian);
        account.unfreeze();

        assertEq(account.frozenUntil(), 0);
        assertEq(account.nextFreezeAt(), next);
    }

    function test_reverts_whenTheAccountIsNotFrozen() public {
        vm.startPrank(guardian);
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.unfreeze();

        account.freeze();
        vm.warp(account.frozenUntil());
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.unfreeze();
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != guardian);
        _freeze();
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.unfreeze();
    }
}
