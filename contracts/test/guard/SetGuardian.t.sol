// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

contract SetGuardianTest is GuardedWorld {
    address private next = makeAddr("next guardian");

    function test_setsTheFirstGuardianAtOnce() public {
        address fresh = factory.createAccount(owner.addr, 1);
        vm.deal(fresh, 1 ether);
        PackedUserOperation memory op = _op(abi.encodeCall(account.setGuardian, (guardian)));
        op.sender = fresh;
        op.nonce = 0;
        vm.expectEmit(fresh);
        emit IOwnerGuard.GuardianChanged(address(0), guardian);

        _handle(_signed(op));

        assertEq(ICountersignAccount(fresh).guardian(), guardian);
    }

    function test_onlyProposesAnotherGuardian() public {
        uint48 readyAt = START + account.CHANGE_DELAY();
        vm.expectEmit(address(account));
        emit IOwnerGuard.GuardianChangeProposed(next, readyAt);
        vm.prank(address(account));
        account.setGuardian(next);

        assertEq(account.guardian(), guardian);
        (address pending, uint48 at) = account.pendingGuardian();
        assertEq(pending, next);
        assertEq(at, readyAt);
    }

    function test_reverts_whenTheGuardianIsTheAccountOrTheSame() public {
        vm.startPrank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.InvalidGuardian.selector, address(account))
        );
        account.setGuardian(address(account));
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.InvalidGuardian.selector, guardian));
        account.setGuardian(guardian);
    }

    function test_reverts_whenThereIsNoneAndNoneIsSet() public {
        ICountersignAccount fresh = ICountersignAccount(factory.createAccount(owner.addr, 1));
        vm.prank(address(fresh));
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.InvalidGuardian.selector, address(0)));
        fresh.setGuardian(address(0));
    }

    function test_reverts_whileAnOwnerChangeIsLocked() public {
        _propose();
        _freeze();
        vm.warp(account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.OwnerChangeLocked.selector, stranger.addr)
        );
        account.setGuardian(address(0));
    }

    function test_reverts_whileFrozen() public {
        _freeze();
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(frozen);
        account.setGuardian(next);
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != address(entryPoint) && caller != address(account));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.setGuardian(caller);
    }
}
