// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @notice transferOwnership and acceptOwnership, which are one move in two steps.
contract TransferOwnershipTest is World {
    address private heir = makeAddr("heir");
    Ownable2Step private ownable;

    function setUp() public override {
        super.setUp();
        ownable = Ownable2Step(address(paymaster));
    }

    function test_movesOwnershipInTwoSteps() public {
        vm.prank(treasurer);
        ownable.transferOwnership(heir);
        assertEq(ownable.owner(), treasurer);
        vm.prank(heir);
        ownable.acceptOwnership();

        assertEq(ownable.owner(), heir);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheOwner(address caller) public {
        vm.assume(caller != treasurer && caller != address(0));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        ownable.transferOwnership(caller);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheHeir(address caller) public {
        vm.assume(caller != heir && caller != address(0));
        vm.prank(treasurer);
        ownable.transferOwnership(heir);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        ownable.acceptOwnership();
    }
}
