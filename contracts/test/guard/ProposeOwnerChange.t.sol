// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {GuardedWorld} from "../support/GuardedWorld.sol";

contract ProposeOwnerChangeTest is GuardedWorld {
    function test_waitsForTheDelay() public {
        bytes memory proof = _proof(stranger);
        vm.expectEmit(address(account));
        emit IOwnerGuard.OwnerChangeProposed(stranger.addr, READY);
        vm.prank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);

        _assertPending(stranger.addr, READY, false);
        assertEq(account.owner(), owner.addr);
    }

    function test_startsTheDelayAnewForAnotherProposal() public {
        _propose();
        vm.warp(READY);
        bytes memory proof = _proof(sponsor);
        vm.prank(guardian);
        account.proposeOwnerChange(sponsor.addr, proof);

        _assertPending(sponsor.addr, READY + 3 days, false);
    }

    function test_isLockedFromTheStartWhileFrozen() public {
        _freeze();
        _propose();

        _assertPending(stranger.addr, READY, true);
    }

    function test_isNotLockedByAFreezeThatIsOver() public {
        _freeze();
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

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != guardian);
        bytes memory proof = _proof(stranger);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.proposeOwnerChange(stranger.addr, proof);
    }
}
