// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {Version} from "../support/EntryPoints.sol";
import {World} from "../support/World.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

contract ValidateUserOpTest is World {
    uint256 private constant ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function testFuzz_acceptsTheOwnersSignature(uint256 key, bytes32 hash) public onEveryVersion {
        Account memory by = Account(vm.addr(_key(key)), _key(key));
        account = ICountersignAccount(factory.createAccount(by.addr, 0));

        assertEq(_validate(hash, _signature(by, _digest(hash))), 0);
    }

    function testFuzz_returnsOneForAnotherSigner(uint256 key, bytes32 hash) public onEveryVersion {
        Account memory by = Account(vm.addr(_key(key)), _key(key));
        vm.assume(by.addr != owner.addr);

        assertEq(_validate(hash, _signature(by, _digest(hash))), 1);
    }

    function testFuzz_returnsOneForAnotherHash(bytes32 signed, bytes32 hash) public onEveryVersion {
        vm.assume(signed != hash);

        assertEq(_validate(hash, _signature(owner, _digest(signed))), 1);
    }

    function testFuzz_returnsOneForAnyOtherBytes(bytes32 hash, bytes32 r, bytes32 s, uint8 v)
        public
        onEveryVersion
    {
        assertEq(_validate(hash, abi.encodePacked(r, s, v)), 1);
    }

    function test_returnsOneForAHighS() public onEveryVersion {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(owner.key, _digest("hash"));
        bytes memory mirrored =
            abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));

        assertEq(_validate("hash", mirrored), 1);
        assertEq(_validate("hash", abi.encodePacked(r, s, v)), 0);
    }

    function test_returnsOneForAParityInsteadOfV() public onEveryVersion {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(owner.key, _digest("hash"));

        assertEq(_validate("hash", abi.encodePacked(r, s, v - 27)), 1);
    }

    function test_returnsOneForTheDigestOfAnotherVersion() public onEveryVersion {
        bytes32 wrong = version == Version.V07
            ? bytes32("hash")
            : MessageHashUtils.toEthSignedMessageHash(bytes32("hash"));

        assertEq(_validate("hash", _signature(owner, wrong)), 1);
    }

    function test_neverAsksTheOwnersCode() public onEveryVersion {
        // Answers every call with ERC-1271's magic value.
        vm.etch(owner.addr, hex"631626ba7e60e01b5f5260205ff3");

        assertEq(_validate("hash", _signature(stranger, _digest("hash"))), 1);
        assertEq(_validate("hash", _signature(owner, _digest("hash"))), 0);
    }

    function test_returnsOneWhenThereIsNoOwner() public onEveryVersion {
        account = ICountersignAccount(factory.implementation());

        assertEq(_validate("hash", abi.encodePacked(bytes32(0), bytes32(0), uint8(27))), 1);
        assertEq(_validate("hash", abi.encodePacked(bytes32(0), bytes32(0), uint8(0))), 1);
    }

    function test_paysWhatIsMissingWhetherTheSignatureIsGoodOrNot() public onEveryVersion {
        PackedUserOperation memory op = _op("");
        op.signature = _signature(owner, _digest("hash"));
        vm.startPrank(address(entryPoint));
        account.validateUserOp(op, "hash", 3);
        account.validateUserOp(op, "other hash", 4);
        vm.stopPrank();

        assertEq(entryPoint.balanceOf(address(account)), 7);
    }

    function test_returnsTheEndOfAFreezeAsValidAfter() public onEveryVersion {
        _setGuardian();
        vm.prank(guardian);
        account.freeze();

        assertEq(
            _validate("hash", _signature(owner, _digest("hash"))), uint256(START + 7 days) << 208
        );
        assertEq(_validate("hash", _signature(stranger, _digest("hash"))), 1);
    }

    function testFuzz_returnsOneForAnotherLength(bytes calldata signature) public onEveryVersion {
        vm.assume(signature.length != 65);

        assertEq(_validate("hash", signature), 1);
    }

    function test_returnsOneForTheOwnersSignatureWithAByteMoreOrLess() public onEveryVersion {
        bytes memory good = _signature(owner, _digest("hash"));
        assertEq(_validate("hash", bytes.concat(good, hex"00")), 1);

        assembly ("memory-safe") {
            mstore(good, 64)
        }
        assertEq(_validate("hash", good), 1);
        assertEq(_validate("hash", ""), 1);
    }

    function testFuzz_reverts_whenTheCallerIsNotTheEntryPoint(address caller)
        public
        onEveryVersion
    {
        vm.assume(caller != address(entryPoint));
        PackedUserOperation memory op = _signed(_op(""));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.validateUserOp(op, "hash", 0);
    }

    function _validate(bytes32 hash, bytes memory signature) private returns (uint256) {
        PackedUserOperation memory op = _op("");
        op.signature = signature;
        vm.prank(address(entryPoint));
        return account.validateUserOp(op, hash, 0);
    }

    function _digest(bytes32 hash) private view returns (bytes32) {
        return version == Version.V07 ? MessageHashUtils.toEthSignedMessageHash(hash) : hash;
    }

    function _key(uint256 key) private pure returns (uint256) {
        return bound(key, 1, ORDER - 1);
    }
}
