// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ISponsorPaymaster} from "../../src/interfaces/ISponsorPaymaster.sol";
import {World} from "../support/World.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract SetSignerTest is World {
    function test_voidsWhatTheFormerSignerApproved() public onEveryVersion {
        PackedUserOperation memory op = _sponsored(_op(""), START + 60, 0);
        vm.expectEmit(address(paymaster));
        emit ISponsorPaymaster.SignerChanged(sponsor.addr, stranger.addr);
        vm.prank(treasurer);
        paymaster.setSigner(stranger.addr);
        assertEq(paymaster.signer(), stranger.addr);

        vm.startPrank(address(entryPoint));
        (, uint256 data) = paymaster.validatePaymasterUserOp(op, "", 0);
        assertEq(data & 1, 1);
        bytes32 digest = paymaster.approvalDigest(op, START + 60, 0);
        op.paymasterAndData = _paymasterAndData(START + 60, 0, _signature(stranger, digest));
        (, data) = paymaster.validatePaymasterUserOp(op, "", 0);
        assertEq(data & 1, 0);
        vm.stopPrank();
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        paymaster.setSigner(caller);
    }

    function test_reverts_whenTheSignerIsZero() public {
        vm.prank(treasurer);
        vm.expectRevert(
            abi.encodeWithSelector(ISponsorPaymaster.InvalidSigner.selector, address(0))
        );
        paymaster.setSigner(address(0));
    }
}
