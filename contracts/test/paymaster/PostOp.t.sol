// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ISponsorPaymaster} from "../../src/interfaces/ISponsorPaymaster.sol";
import {World} from "../support/World.sol";
import {IPaymaster} from "@account-abstraction/v08/interfaces/IPaymaster.sol";

contract PostOpTest is World {
    function test_reverts_becauseNoOperationAsksForIt() public {
        vm.prank(address(entryPoint));
        vm.expectRevert(ISponsorPaymaster.UnexpectedPostOp.selector);
        paymaster.postOp(IPaymaster.PostOpMode.opSucceeded, "", 0, 0);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheEntryPoint(address caller) public {
        vm.assume(caller != address(entryPoint));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISponsorPaymaster.NotEntryPoint.selector, caller));
        paymaster.postOp(IPaymaster.PostOpMode.opSucceeded, "", 0, 0);
    }
}
