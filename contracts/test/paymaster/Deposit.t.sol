// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract DepositTest is World {
    function test_addsToTheDeposit() public onEveryVersion {
        vm.prank(treasurer);
        paymaster.deposit{value: 2 ether}();

        assertEq(paymaster.getDeposit(), 12 ether);
        assertEq(entryPoint.balanceOf(address(paymaster)), 12 ether);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.deal(caller, 1);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        paymaster.deposit{value: 1}();
    }
}
