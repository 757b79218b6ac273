// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IEntryPointDeposit} from "../../src/interfaces/IEntryPointDeposit.sol";
import {World} from "../support/World.sol";

contract ConstructTest is World {
    function test_reverts_whenTheEntryPointHasNoCode() public {
        address none = makeAddr("no EntryPoint");
        bytes memory code = bytes.concat(
            vm.getCode("SponsorPaymasterV08.sol"), abi.encode(none, treasurer, sponsor.addr)
        );
        vm.expectRevert(abi.encodeWithSelector(IEntryPointDeposit.InvalidEntryPoint.selector, none));
        assembly ("memory-safe") {
            pop(create(0, add(code, 0x20), mload(code)))
        }
    }
}
