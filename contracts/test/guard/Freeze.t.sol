// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";

/// @notice freeze; what a freeze stops is tested beside each function.
contract FreezeTest is GuardedWorld {
    function test_freezesForAWhile() public {
        uint48 until = START + account.FREEZE_PERIOD();
        vm.expectEmit(address(account));
        emit IOwnerGuard.Frozen(until);
        _freeze();

        assertEq(account.frozenUntil(), until);
        assertEq(account.nextFreezeAt(), until + account.FREEZE_COOLDOWN());
    }

    function test_leavesTheOwnerTimeToReplaceTheGuardian() public view {
        assertLt(account.CHANGE_DELAY(), account.FREEZE_COOLDOWN());
    }

    function test_leavesTheGuardianTimeToReplaceTheOwner() public view {
        assertLt(account.CHANGE_DELAY(), account.FREEZE_PERIOD());
    }

    function testFuzz_reverts_whenTheLastFreezeIsTooRecent(uint48 later) public {
        vm.startPrank(guardian);
        account.freeze();
        uint48 next = account.nextFreezeAt();
        later = uint48(bound(later, START, next - 1));
        vm.warp(later);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.TooEarly.selector, next));
        account.freeze();

        vm.warp(next);
        account.freeze();
        assertEq(account.frozenUntil(), next + 7 days);
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != guardian);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.freeze();
    }
}
