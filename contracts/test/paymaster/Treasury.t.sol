// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IEntryPointDeposit} from "../../src/interfaces/IEntryPointDeposit.sol";
import {World} from "../support/World.sol";
import {IStakeManager} from "@account-abstraction/v08/interfaces/IStakeManager.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @notice Deposit, stake, withdrawal and ownership of the paymaster.
contract TreasuryTest is World {
    address payable private vault = payable(makeAddr("vault"));

    function test_depositsAndWithdraws() public onEveryVersion {
        uint256 before = vault.balance;
        vm.startPrank(treasurer);
        paymaster.deposit{value: 2 ether}();
        assertEq(paymaster.getDeposit(), 12 ether);
        paymaster.withdrawTo(vault, 5 ether);
        vm.stopPrank();

        assertEq(paymaster.getDeposit(), 7 ether);
        assertEq(vault.balance - before, 5 ether);
        assertEq(entryPoint.balanceOf(address(paymaster)), 7 ether);
    }

    function test_stakesAndUnstakes() public onEveryVersion {
        uint256 before = vault.balance;
        vm.startPrank(treasurer);
        paymaster.addStake{value: 1 ether}(2 days);
        IStakeManager.DepositInfo memory info = entryPoint.getDepositInfo(address(paymaster));
        assertTrue(info.staked);
        assertEq(info.stake, 2 ether);
        assertEq(info.unstakeDelaySec, 2 days);

        paymaster.unlockStake();
        vm.warp(block.timestamp + 2 days);
        paymaster.withdrawStake(vault);
        vm.stopPrank();
        assertEq(vault.balance - before, 2 ether);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.deal(caller, 2 ether);
        bytes memory refused =
            abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refused);
        paymaster.deposit{value: 1}();
        vm.expectRevert(refused);
        paymaster.withdrawTo(vault, 1);
        vm.expectRevert(refused);
        paymaster.addStake{value: 1}(1 days);
        vm.expectRevert(refused);
        paymaster.unlockStake();
        vm.expectRevert(refused);
        paymaster.withdrawStake(vault);
        vm.expectRevert(refused);
        paymaster.setSigner(caller);
        vm.expectRevert(refused);
        Ownable2Step(address(paymaster)).transferOwnership(caller);
        vm.expectRevert(refused);
        Ownable2Step(address(paymaster)).acceptOwnership();
        vm.expectRevert(refused);
        Ownable2Step(address(paymaster)).renounceOwnership();
    }

    function test_movesOwnershipInTwoSteps() public {
        Ownable2Step ownable = Ownable2Step(address(paymaster));
        vm.prank(treasurer);
        ownable.transferOwnership(vault);
        assertEq(ownable.owner(), treasurer);
        vm.prank(vault);
        ownable.acceptOwnership();

        assertEq(ownable.owner(), vault);
    }

    function test_reverts_whenOwnershipIsRenounced() public {
        vm.prank(treasurer);
        vm.expectRevert(IEntryPointDeposit.OwnershipCannotBeRenounced.selector);
        Ownable2Step(address(paymaster)).renounceOwnership();
    }

    function test_reverts_whenTheEntryPointHasNoCode() public {
        bytes memory code = bytes.concat(
            vm.getCode("SponsorPaymasterV08.sol"), abi.encode(vault, treasurer, sponsor.addr)
        );
        vm.expectRevert(
            abi.encodeWithSelector(IEntryPointDeposit.InvalidEntryPoint.selector, vault)
        );
        assembly ("memory-safe") {
            pop(create(0, add(code, 0x20), mload(code)))
        }
    }
}
