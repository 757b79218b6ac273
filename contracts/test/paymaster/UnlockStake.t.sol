// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {IStakeManager} from "@account-abstraction/v08/interfaces/IStakeManager.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract UnlockStakeTest is World {
    function test_startsTheWaitingTime() public onEveryVersion {
        vm.prank(treasurer);
        paymaster.unlockStake();

        IStakeManager.DepositInfo memory info = entryPoint.getDepositInfo(address(paymaster));
        assertFalse(info.staked);
        assertEq(info.withdrawTime, START + 1 days);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        paymaster.unlockStake();
    }
}
