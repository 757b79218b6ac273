// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {ICountersignAccountFactory} from "../../src/interfaces/ICountersignAccountFactory.sol";
import {World} from "../support/World.sol";
import {LibClone} from "solady/utils/LibClone.sol";

contract CreateAccountTest is World {
    function testFuzz_createsTheAccountAtTheForetoldAddress(address by, uint256 salt, address who)
        public
    {
        vm.assume(who != address(0) && (who != owner.addr || salt != 0));
        address foretold = factory.getAddress(who, salt);
        vm.assume(foretold != who);
        assertEq(foretold.code.length, 0);
        vm.expectEmit(address(factory));
        emit ICountersignAccountFactory.AccountCreated(foretold, who, salt);

        vm.prank(by);
        address created = factory.createAccount(who, salt);

        assertEq(created, foretold);
        assertEq(ICountersignAccount(created).owner(), who);
    }

    function testFuzz_bindsTheAddressToOwnerSaltAndImplementation(address who, uint256 salt)
        public
        view
    {
        bytes32 create2Salt = keccak256(abi.encode(who, salt));
        bytes32 initCodeHash = LibClone.initCodeHashERC1967(factory.implementation());
        bytes32 digest =
            keccak256(abi.encodePacked(bytes1(0xff), address(factory), create2Salt, initCodeHash));

        assertEq(factory.getAddress(who, salt), address(uint160(uint256(digest))));
    }

    function test_returnsTheAccountThatExistsAndLeavesItAlone() public {
        bytes memory proof = _proof(stranger);
        vm.prank(address(account));
        account.rotateOwner(stranger.addr, proof);

        assertEq(factory.createAccount(owner.addr, 0), address(account));
        assertEq(account.owner(), stranger.addr);
    }

    function test_createsAProxyOfItsImplementation() public view {
        bytes32 slot = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

        assertEq(address(account).codehash, LibClone.ERC1967_CODE_HASH);
        assertEq(
            address(uint160(uint256(vm.load(address(account), slot)))), factory.implementation()
        );
    }

    function test_reverts_whenTheImplementationHasNoCode() public {
        bytes memory code =
            bytes.concat(vm.getCode("CountersignAccountFactory.sol"), abi.encode(stranger.addr));
        vm.expectRevert(
            abi.encodeWithSelector(
                ICountersignAccountFactory.InvalidImplementation.selector, stranger.addr
            )
        );
        assembly ("memory-safe") {
            pop(create(0, add(code, 0x20), mload(code)))
        }
    }
}
