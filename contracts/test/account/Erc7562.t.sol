// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ValidationRules} from "../support/ValidationRules.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

/// @notice What validation may do (ERC-7562), read off the trace of real operations.
contract Erc7562Test is ValidationRules {
    function test_obeysTheRulesWhenTheAccountPays() public onEveryVersion {
        PackedUserOperation memory op = _signed(_op(_single(bundler, 1, "")));

        _assertRules(_traceOf(op), op);
    }

    function test_obeysTheRulesWhenThePaymasterPays() public onEveryVersion {
        PackedUserOperation memory op =
            _signed(_sponsored(_op(_single(bundler, 1, "")), START + 60, START - 60));

        _assertRules(_traceOf(op), op);
    }

    function test_obeysTheRulesWhenTheAccountIsCreated() public onEveryVersion {
        PackedUserOperation memory op = _op(_single(bundler, 0, ""));
        op.sender = factory.getAddress(stranger.addr, 7);
        op.nonce = 0;
        op.initCode = abi.encodePacked(
            address(factory), abi.encodeCall(factory.createAccount, (stranger.addr, 7))
        );
        op = _sponsored(op, START + 60, START - 60);
        op.signature = _signature(stranger, _ownerDigest(op));

        _assertRules(_traceOf(op), op);
    }

    function test_obeysTheRulesWithAGuardianAndAFreezeThatIsOver() public onEveryVersion {
        _setGuardian();
        vm.prank(guardian);
        account.freeze();
        vm.warp(account.frozenUntil() + 1);
        PackedUserOperation memory op = _signed(_op(_single(bundler, 1, "")));

        _assertRules(_traceOf(op), op);
    }

    function test_findsABrokenRule() public {
        // An account whose validation reads the clock: TIMESTAMP POP, then returns zero.
        PackedUserOperation memory op = _op("");
        vm.etch(op.sender, hex"42505f5f5260205ff3");
        vm.deal(op.sender, 1 ether);
        op = _sponsored(op, START + 60, START - 60);

        assertEq(_firstBroken(_traceOf(op), op), "forbidden opcode 0x42");
    }

    function test_findsAReadOfForeignStorage() public {
        // An account whose validation asks the token for its total supply, then returns zero.
        PackedUserOperation memory op = _op("");
        vm.etch(
            op.sender,
            abi.encodePacked(
                hex"6318160ddd5f5260205f6004601c73", address(token), hex"5afa505f5f5260205ff3"
            )
        );
        op = _sponsored(op, START + 60, START - 60);

        assertEq(_firstBroken(_traceOf(op), op), "storage of another contract");
    }
}
