// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {World} from "../support/World.sol";

contract RotateOwnerTest is World {
    function test_makesTheNewOwnerTheOwner() public onEveryVersion {
        vm.expectEmit(address(account));
        emit IOwnerGuard.OwnerChanged(owner.addr, stranger.addr);

        _handle(
            _signed(_op(abi.encodeCall(account.rotateOwner, (stranger.addr, _proof(stranger)))))
        );

        assertEq(account.owner(), stranger.addr);
        assertEq(account.ownerNonce(), 1);
    }

    function test_dropsAnOwnerChangeThatIsNotLocked() public {
        _setGuardian();
        bytes memory proof = _proof(sponsor);
        vm.prank(guardian);
        account.proposeOwnerChange(sponsor.addr, proof);
        proof = _proof(stranger);
        vm.expectEmit(address(account));
        emit IOwnerGuard.OwnerChangeCancelled(sponsor.addr);

        vm.prank(address(account));
        account.rotateOwner(stranger.addr, proof);

        (address pending,,) = account.pendingOwner();
        assertEq(pending, address(0));
    }

    function test_reverts_whenTheProofIsByAnother() public {
        _refuses(stranger.addr, _signature(owner, account.ownerProofDigest(stranger.addr)), 0);
        _refuses(address(0), _proof(stranger), 0);
    }

    function test_reverts_whenTheProofIsForAnotherAccount() public {
        address other = factory.createAccount(owner.addr, 1);
        bytes32 digest = ICountersignAccount(other).ownerProofDigest(stranger.addr);

        _refuses(stranger.addr, _signature(stranger, digest), 0);
    }

    function test_reverts_whenTheProofIsForAnotherChain() public {
        bytes memory proof = _proof(stranger);
        vm.chainId(5);

        _refuses(stranger.addr, proof, 0);
    }

    function test_reverts_whenTheProofWasUsed() public {
        bytes memory there = _proof(stranger);
        vm.startPrank(address(account));
        account.rotateOwner(stranger.addr, there);
        account.rotateOwner(owner.addr, _proof(owner));
        vm.stopPrank();

        _refuses(stranger.addr, there, 2);
    }

    function testFuzz_reverts_whenTheProofIsAnything(address newOwner, bytes calldata proof)
        public
    {
        _refuses(newOwner, proof, 0);
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != address(entryPoint) && caller != address(account));
        _refusesCaller(caller);
    }

    function test_reverts_whenTheCallerIsTheOwnerOrTheGuardian() public {
        _setGuardian();
        _refusesCaller(owner.addr);
        _refusesCaller(guardian);
    }

    function test_reverts_whileFrozen() public {
        _setGuardian();
        vm.prank(guardian);
        account.freeze();
        bytes memory proof = _proof(stranger);
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.prank(address(account));
        vm.expectRevert(frozen);
        account.rotateOwner(stranger.addr, proof);
    }

    function test_reverts_whileAnOwnerChangeIsLocked() public {
        _setGuardian();
        bytes memory proof = _proof(stranger);
        vm.startPrank(guardian);
        account.freeze();
        account.proposeOwnerChange(stranger.addr, proof);
        vm.stopPrank();
        vm.warp(account.frozenUntil());
        proof = _proof(sponsor);
        vm.prank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.OwnerChangeLocked.selector, stranger.addr)
        );
        account.rotateOwner(sponsor.addr, proof);
    }

    function _refuses(address newOwner, bytes memory proof, uint32 nonce) private {
        vm.prank(address(account));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.InvalidOwnerProof.selector, newOwner, nonce)
        );
        account.rotateOwner(newOwner, proof);
    }

    function _refusesCaller(address caller) private {
        bytes memory proof = _proof(stranger);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.rotateOwner(stranger.addr, proof);
    }
}
