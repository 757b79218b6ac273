// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ISponsorPaymaster} from "../../src/interfaces/ISponsorPaymaster.sol";
import {World} from "../support/World.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

contract ValidatePaymasterUserOpTest is World {
    uint48 private constant UNTIL = START + 60;
    uint48 private constant AFTER = START - 60;

    function test_returnsTheTimeWindowOfAnApprovalAndNoContext() public onEveryVersion {
        _assertValid(_approved());
    }

    function testFuzz_approvesWhateverTheSignerSigned(
        PackedUserOperation memory op,
        uint48 validUntil,
        uint48 validAfter
    ) public onEveryVersion {
        op = _sponsored(op, validUntil, validAfter);
        vm.prank(address(entryPoint));
        (, uint256 data) = paymaster.validatePaymasterUserOp(op, "", 0);

        assertEq(data, uint256(validUntil) << 160 | uint256(validAfter) << 208);
    }

    function testFuzz_returnsFailureWhenAnyFieldDiffers(uint8 field, uint256 salt)
        public
        onEveryVersion
    {
        PackedUserOperation memory op = _approved();
        bytes32 fresh = keccak256(abi.encode(salt));
        field = uint8(bound(field, 0, 10));
        if (field == 0) op.sender = address(bytes20(fresh));
        if (field == 1) op.nonce = uint256(fresh);
        if (field == 2) op.initCode = abi.encode(fresh);
        if (field == 3) op.callData = abi.encode(fresh);
        if (field == 4) op.accountGasLimits = fresh;
        if (field == 5) op.preVerificationGas = uint256(fresh);
        if (field == 6) op.gasFees = fresh;
        // The paymaster's two gas limits, validUntil, validAfter.
        if (field == 7) op.paymasterAndData[20 + salt % 16] ^= 0x01;
        if (field == 8) op.paymasterAndData[36 + salt % 16] ^= 0x01;
        if (field == 9) op.paymasterAndData[52 + salt % 6] ^= 0x01;
        if (field == 10) op.paymasterAndData[58 + salt % 6] ^= 0x01;

        _assertFailure(op);
    }

    function test_returnsFailureOnAnotherChain() public onEveryVersion {
        PackedUserOperation memory op = _approved();
        vm.chainId(block.chainid + 1);

        _assertFailure(op);
    }

    function test_returnsFailureAtAnotherPaymaster() public onEveryVersion {
        PackedUserOperation memory op = _approved();
        paymaster = _newPaymaster(address(entryPoint), treasurer, sponsor.addr);

        _assertFailure(op);
    }

    function test_bindsTheEntryPoint() public onEveryVersion {
        PackedUserOperation memory op = _approved();
        bytes32 digest = paymaster.approvalDigest(op, UNTIL, AFTER);
        // The same paymaster at the same address, but built for another EntryPoint.
        ISponsorPaymaster other = _newPaymaster(address(target), treasurer, sponsor.addr);
        vm.etch(address(paymaster), address(other).code);

        assertNotEq(paymaster.approvalDigest(op, UNTIL, AFTER), digest);
    }

    function test_returnsFailureWhenTheSenderGotADelegate() public onEveryVersion {
        PackedUserOperation memory op = _approved();
        vm.etch(op.sender, abi.encodePacked(hex"ef0100", address(target)));

        _assertFailure(op);
    }

    function test_returnsFailureWhenTheSendersDelegateChanged() public onEveryVersion {
        PackedUserOperation memory op = _op("");
        op.sender = stranger.addr;
        vm.etch(op.sender, abi.encodePacked(hex"ef0100", address(target)));
        op = _sponsored(op, UNTIL, AFTER);
        _assertValid(op);

        vm.etch(op.sender, abi.encodePacked(hex"ef0100", address(token)));
        _assertFailure(op);
        vm.etch(op.sender, "");
        _assertFailure(op);
    }

    function test_returnsFailureForAnotherSigner() public onEveryVersion {
        PackedUserOperation memory op = _approved();
        bytes32 digest = paymaster.approvalDigest(op, UNTIL, AFTER);
        op.paymasterAndData = _paymasterAndData(UNTIL, AFTER, _signature(stranger, digest));

        _assertFailure(op);
    }

    function test_returnsFailureForAHighS() public onEveryVersion {
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        PackedUserOperation memory op = _approved();
        bytes32 digest = paymaster.approvalDigest(op, UNTIL, AFTER);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(sponsor.key, digest);
        bytes memory mirrored = abi.encodePacked(r, bytes32(order - uint256(s)), uint8(55 - v));
        op.paymasterAndData = _paymasterAndData(UNTIL, AFTER, mirrored);

        _assertFailure(op);
    }

    function testFuzz_returnsFailureForAnyOtherSignature(bytes32 r, bytes32 s, uint8 v)
        public
        onEveryVersion
    {
        PackedUserOperation memory op = _approved();
        op.paymasterAndData = _paymasterAndData(UNTIL, AFTER, abi.encodePacked(r, s, v));

        _assertFailure(op);
    }

    function testFuzz_returnsFailureWhenTheDataIsMalformed(bytes calldata data)
        public
        onEveryVersion
    {
        vm.assume(data.length != 77); // As long as window and signature are.
        PackedUserOperation memory op = _approved();
        op.paymasterAndData = abi.encodePacked(address(paymaster), uint128(1), uint128(1), data);
        _assertFailureWithoutWindow(op);

        op.paymasterAndData = bytes.concat(_approved().paymasterAndData, hex"00");
        _assertFailureWithoutWindow(op);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheEntryPoint(address caller) public {
        vm.assume(caller != address(entryPoint));
        PackedUserOperation memory op = _approved();
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISponsorPaymaster.NotEntryPoint.selector, caller));
        paymaster.validatePaymasterUserOp(op, "", 0);
    }

    function _approved() private view returns (PackedUserOperation memory) {
        return _sponsored(_op("call data"), UNTIL, AFTER);
    }

    function _validate(PackedUserOperation memory op) private returns (uint256 data) {
        bytes memory context;
        vm.prank(address(entryPoint));
        (context, data) = paymaster.validatePaymasterUserOp(op, "", 0);
        assertEq(context.length, 0);
    }

    function _assertValid(PackedUserOperation memory op) private {
        assertEq(_validate(op), uint256(UNTIL) << 160 | uint256(AFTER) << 208);
    }

    function _assertFailure(PackedUserOperation memory op) private {
        assertEq(address(uint160(_validate(op))), address(1));
    }

    function _assertFailureWithoutWindow(PackedUserOperation memory op) private {
        assertEq(_validate(op), 1);
    }
}
