// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {IStakeManager} from "@account-abstraction/v08/interfaces/IStakeManager.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract AddStakeTest is World {
    function test_addsToTheStake() public onEveryVersion {
        vm.prank(treasurer);
        paymaster.addStake{value: 1 ether}(2 days);

        IStakeManager.DepositInfo memory info = entryPoint.getDepositInfo(address(paymaster));
        assertTrue(info.staked);
        assertEq(info.stake, 2 ether);
        assertEq(info.unstakeDelaySec, 2 days);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.deal(caller, 1);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        paymaster.addStake{value: 1}(1 days);
    }
}
