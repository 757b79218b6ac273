// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ITarget} from "./support/Targets.sol";
import {World} from "./support/World.sol";
import {IEntryPoint} from "@account-abstraction/v08/interfaces/IEntryPoint.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

/// @notice Whole operations through the real EntryPoints.
contract OperationsTest is World {
    function test_deploysTheAccountWithItsFirstOperation() public onEveryVersion {
        address fresh = factory.getAddress(stranger.addr, 7);
        vm.deal(fresh, 1 ether);
        PackedUserOperation memory op = _op(_single(address(target), 3, _increment()));
        op.sender = fresh;
        op.nonce = 0;
        op.initCode = abi.encodePacked(
            address(factory), abi.encodeCall(factory.createAccount, (stranger.addr, 7))
        );
        op.accountGasLimits = bytes32(uint256(700_000) << 128 | 500_000);
        op.signature = _signature(stranger, _ownerDigest(op));

        _handle(op);

        assertEq(target.lastCaller(), fresh);
        assertEq(target.lastValue(), 3);
    }

    function test_executesABatchThatTheAccountPaysFor() public onEveryVersion {
        token.mint(address(account), 5);
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(token), 0, abi.encodeCall(token.transfer, (bundler, 5)));
        calls[1] = Call(address(target), 1, _increment());
        uint256 before = address(account).balance;

        _handle(_signed(_op(_batch(calls))));

        assertEq(token.balanceOf(bundler), 5);
        assertEq(target.count(), 1);
        assertLt(address(account).balance, before - 1);
    }

    function test_executesASponsoredOperationThatTheAccountDoesNotPayFor() public onEveryVersion {
        uint256 before = address(account).balance;
        uint256 deposit = paymaster.getDeposit();

        _handle(
            _signed(
                _sponsored(_op(_single(address(target), 0, _increment())), START + 60, START - 1)
            )
        );

        assertEq(target.count(), 1);
        assertEq(address(account).balance, before);
        assertLt(paymaster.getDeposit(), deposit);
    }

    function test_reportsARevertingCallWithItsReason() public onEveryVersion {
        PackedUserOperation memory op =
            _signed(_op(_single(address(target), 0, abi.encodeCall(ITarget.refuse, (9)))));
        vm.expectEmit(true, true, false, true, address(entryPoint));
        emit IEntryPoint.UserOperationRevertReason(
            entryPoint.getUserOpHash(op),
            address(account),
            op.nonce,
            abi.encodeWithSelector(ITarget.Refused.selector, 9)
        );

        _handle(op);
    }

    function test_reverts_whenTheOperationIsNotSigned() public onEveryVersion {
        PackedUserOperation memory op = _op(_single(address(target), 0, _increment()));
        op.signature = _signature(stranger, _ownerDigest(op));
        vm.expectRevert(
            abi.encodeWithSelector(IEntryPoint.FailedOp.selector, 0, "AA24 signature error")
        );
        _handle(op);
    }

    function test_reverts_whenTheSponsorDidNotApprove() public onEveryVersion {
        PackedUserOperation memory op = _op(_single(address(target), 0, _increment()));
        op.paymasterAndData = _paymasterAndData(START + 60, 0, _signature(stranger, bytes32(0)));
        op = _signed(op);
        vm.expectRevert(
            abi.encodeWithSelector(IEntryPoint.FailedOp.selector, 0, "AA34 signature error")
        );
        _handle(op);
    }

    function test_reverts_whenTheApprovalHasExpired() public onEveryVersion {
        PackedUserOperation memory op =
            _signed(_sponsored(_op(_single(address(target), 0, _increment())), START + 60, 0));
        vm.warp(START + 61);
        vm.expectPartialRevert(IEntryPoint.FailedOp.selector);
        _handle(op);
    }

    function test_reverts_whileTheAccountIsFrozenAndNotAfter() public onEveryVersion {
        _setGuardian();
        vm.prank(guardian);
        account.freeze();
        PackedUserOperation memory op = _signed(_op(_single(address(target), 0, _increment())));
        vm.expectRevert(
            abi.encodeWithSelector(IEntryPoint.FailedOp.selector, 0, "AA22 expired or not due")
        );
        _handle(op);

        vm.warp(account.frozenUntil() + 1);
        _handle(op);
        assertEq(target.count(), 1);
    }

    function _increment() private pure returns (bytes memory) {
        return abi.encodeCall(ITarget.increment, ());
    }
}
