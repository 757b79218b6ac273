// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";

contract CancelGuardianChangeTest is GuardedWorld {
    address private next = makeAddr("next guardian");

    function test_dropsTheChange() public {
        vm.startPrank(address(account));
        account.setGuardian(next);
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChangeCancelled(next);
        account.cancelGuardianChange();

        (address pending, uint48 at) = account.pendingGuardian();
        assertEq(pending, address(0));
        assertEq(at, 0);
    }

    function test_reverts_whenNothingIsPending() public {
        vm.prank(address(account));
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.cancelGuardianChange();
    }

    function test_reverts_whileFrozen() public {
        _freeze();
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(frozen);
        account.cancelGuardianChange();
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != address(entryPoint) && caller != address(account));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.cancelGuardianChange();
    }
}
