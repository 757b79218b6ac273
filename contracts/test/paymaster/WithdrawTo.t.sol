// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract WithdrawToTest is World {
    address payable private vault = payable(makeAddr("vault"));

    function test_takesFromTheDeposit() public onEveryVersion {
        uint256 before = vault.balance;
        vm.prank(treasurer);
        paymaster.withdrawTo(vault, 3 ether);

        assertEq(paymaster.getDeposit(), 7 ether);
        assertEq(vault.balance - before, 3 ether);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        paymaster.withdrawTo(payable(caller), 1);
    }
}
