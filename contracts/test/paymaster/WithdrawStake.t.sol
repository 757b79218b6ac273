// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract WithdrawStakeTest is World {
    address payable private vault = payable(makeAddr("vault"));

    function test_takesTheWholeStakeAfterItsWaitingTime() public onEveryVersion {
        uint256 before = vault.balance;
        vm.startPrank(treasurer);
        paymaster.unlockStake();
        vm.warp(START + 1 days);
        paymaster.withdrawStake(vault);
        vm.stopPrank();

        assertEq(vault.balance - before, 1 ether);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        paymaster.withdrawStake(payable(caller));
    }
}
