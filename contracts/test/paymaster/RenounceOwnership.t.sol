// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IEntryPointDeposit} from "../../src/interfaces/IEntryPointDeposit.sol";
import {World} from "../support/World.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

contract RenounceOwnershipTest is World {
    function test_reverts_becauseTheDepositWouldBeLost() public {
        vm.prank(treasurer);
        vm.expectRevert(IEntryPointDeposit.OwnershipCannotBeRenounced.selector);
        Ownable2Step(address(paymaster)).renounceOwnership();
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        Ownable2Step(address(paymaster)).renounceOwnership();
    }
}
