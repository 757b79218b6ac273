// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {World} from "../support/World.sol";

/// @notice proposeOwnerChange, cancelOwnerChange, completeOwnerChange.
contract OwnerChangeTest is World {
    uint48 private constant READY = START + 3 days;

    function setUp() public override {
        super.setUp();
        _setGuardian();
    }

    function test_completesAfterTheDelay() public {
        bytes memory proof = _proof(stranger);
        vm.expectEmit(address(account));
        emit IOwnerGuard.OwnerChangeProposed(stranger.addr, READY);
        vm.prank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);
        _assertPending(stranger.addr, READY, false);
        assertEq(account.owner(), owner.addr);

        vm.warp(READY - 1);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.TooEarly.selector, READY));
        account.completeOwnerChange();

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
        vm.prank(guardian);
        account.freeze();
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

    function test_startsTheDelayAnewForAnotherProposal() public {
        _propose();
        vm.warp(READY);
        bytes memory proof = _proof(sponsor);
        vm.prank(guardian);
        account.proposeOwnerChange(sponsor.addr, proof);

        _assertPending(sponsor.addr, READY + 3 days, false);
    }

    function test_canBeCancelledByTheOwnerAlone() public {
        _propose();
        vm.expectEmit(address(account));
        emit IOwnerGuard.OwnerChangeCancelled(stranger.addr);

        _handle(_signed(_op(abi.encodeCall(account.cancelOwnerChange, ()))));

        _assertPending(address(0), 0, false);
    }

    function test_cannotBeCancelledByTheOwnerAloneOnceTheGuardianFroze() public {
        _propose();
        vm.prank(guardian);
        account.freeze();
        _assertPending(stranger.addr, READY, true);
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(frozen);
        account.cancelOwnerChange();

        // Neither when the guardian lifted the freeze, nor when it ended by itself.
        vm.prank(guardian);
        account.unfreeze();
        _refusesTheOwnersCancel();
        vm.warp(START + 8 days);
        _refusesTheOwnersCancel();

        vm.prank(guardian);
        account.cancelOwnerChange();
        _assertPending(address(0), 0, false);
    }

    function test_isLockedFromTheStartWhenProposedWhileFrozen() public {
        vm.prank(guardian);
        account.freeze();
        _propose();

        _assertPending(stranger.addr, READY, true);
    }

    function test_isNotLockedByAFreezeThatIsOver() public {
        vm.prank(guardian);
        account.freeze();
        vm.warp(account.frozenUntil());
        _propose();

        _assertPending(stranger.addr, START + 10 days, false);
    }

    function test_reverts_whenTheProofIsByAnother() public {
        bytes memory proof = _signature(sponsor, account.ownerProofDigest(stranger.addr));
        vm.prank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.InvalidOwnerProof.selector, stranger.addr, 0)
        );
        account.proposeOwnerChange(stranger.addr, proof);
    }

    function test_reverts_whenTheProofWasUsedForACancelledProposal() public {
        bytes memory proof = _proof(stranger);
        vm.startPrank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);
        account.cancelOwnerChange();
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.InvalidOwnerProof.selector, stranger.addr, 1)
        );
        account.proposeOwnerChange(stranger.addr, proof);
    }

    function test_reverts_whenNothingIsPending() public {
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.completeOwnerChange();
        vm.prank(guardian);
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.cancelOwnerChange();
        vm.prank(address(account));
        vm.expectRevert(IOwnerGuard.NothingPending.selector);
        account.cancelOwnerChange();
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != guardian);
        bytes memory refused = abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller);
        bytes memory proof = _proof(stranger);
        vm.prank(caller);
        vm.expectRevert(refused);
        account.proposeOwnerChange(stranger.addr, proof);

        vm.assume(caller != address(entryPoint) && caller != address(account));
        _propose();
        vm.prank(caller);
        vm.expectRevert(refused);
        account.cancelOwnerChange();
    }

    function _propose() private {
        bytes memory proof = _proof(stranger);
        vm.prank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);
    }

    function _refusesTheOwnersCancel() private {
        vm.prank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.OwnerChangeLocked.selector, stranger.addr)
        );
        account.cancelOwnerChange();
    }

    function _assertPending(address newOwner, uint48 readyAt, bool locked) private view {
        (address pending, uint48 at, bool isLocked) = account.pendingOwner();
        assertEq(pending, newOwner);
        assertEq(at, readyAt);
        assertEq(isLocked, locked);
    }
}
