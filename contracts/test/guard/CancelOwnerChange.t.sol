// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";

contract CancelOwnerChangeTest is GuardedWorld {
    function test_canBeDoneByTheOwnerAlone() public {
        _propose();
        vm.expectEmit(address(account));
        emit IOwnerGuard.OwnerChangeCancelled(stranger.addr);

        _handle(_signed(_op(abi.encodeCall(account.cancelOwnerChange, ()))));

        _assertPending(address(0), 0, false);
    }

    function test_cannotBeDoneByTheOwnerAloneOnceTheGuardianFroze() public {
        _propose();
        _freeze();
        _assertPending(stranger.addr, READY, true);
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(frozen);
        account.cancelOwnerChange();

        // Neither when the guardian lifted the freeze, nor when it ended by itself.
        vm.prank(guardian);
        account.unfreeze();
        _refusesTheOwner();
        vm.warp(START + 8 days);
        _refusesTheOwner();

        vm.prank(guardian);
        account.cancelOwnerChange();
        _assertPending(address(0), 0, false);
    }

    function test_reverts_whenNothingIsPending() public {
        vm.prank(guardian);
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.cancelOwnerChange();
        vm.prank(address(account));
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.cancelOwnerChange();
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != guardian);
        vm.assume(caller != address(entryPoint) && caller != address(account));
        _propose();
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.cancelOwnerChange();
    }

    function _refusesTheOwner() private {
        vm.prank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.OwnerChangeLocked.selector, stranger.addr)
        );
        account.cancelOwnerChange();
    }
}
