// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {World} from "../support/World.sol";

/// @notice freeze and unfreeze; what a freeze stops is tested beside each function.
contract FreezeTest is World {
    function setUp() public override {
        super.setUp();
        _setGuardian();
    }

    function test_freezesForAWhile() public {
        uint48 until = START + account.FREEZE_PERIOD();
        vm.expectEmit(address(account));
        emit IOwnerGuard.Frozen(until);
        vm.prank(guardian);
        account.freeze();

        assertEq(account.frozenUntil(), until);
        assertEq(account.nextFreezeAt(), until + account.FREEZE_COOLDOWN());
    }

    function test_leavesTheOwnerTimeToReplaceTheGuardian() public view {
        assertLt(account.CHANGE_DELAY(), account.FREEZE_COOLDOWN());
    }

    function test_leavesTheGuardianTimeToReplaceTheOwner() public view {
        assertLt(account.CHANGE_DELAY(), account.FREEZE_PERIOD());
    }

    function test_endsBeforeItsTimeWhenTheGuardianSaysSo() public {
        vm.startPrank(guardian);
        account.freeze();
        uint48 next = account.nextFreezeAt();
        vm.expectEmit(address(account));
        emit IOwnerGuard.Unfrozen();
        account.unfreeze();

        assertEq(account.frozenUntil(), 0);
        assertEq(account.nextFreezeAt(), next);
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.unfreeze();
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
        bytes memory refused = abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refused);
        account.freeze();
        vm.expectRevert(refused);
        account.unfreeze();
    }
}
