// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ValidationRules} from "../support/ValidationRules.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

/// @notice What validation may do (ERC-7562), read off the trace of real operations.
contract Erc7562Test is ValidationRules {
    address private nobody = makeAddr("nobody");

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

    function test_findsTooMuchVerificationGas() public {
        PackedUserOperation memory op = _op(_single(bundler, 1, ""));
        uint256 most = MAX_VERIFICATION_GAS - 200_000; // Less what the paymaster gets.
        op.accountGasLimits = bytes32((most + 1) << 128 | 500_000);
        op = _signed(_sponsored(op, START + 60, START - 60));

        assertEq(_firstBroken(_traceOf(op), op), "verification gas");
    }

    function test_findsAForbiddenOpcode() public {
        _finds("forbidden opcode 0x42", hex"4250"); // TIMESTAMP POP
        _finds("forbidden opcode 0x47", hex"4750"); // SELFBALANCE POP
    }

    function test_findsGasThatIsNotForACall() public {
        _finds("GAS without a call", hex"5a50");
    }

    function test_findsACreation() public {
        _finds("CREATE2", hex"5f5f5f5ff550");
        _finds("forbidden opcode 0xf0", hex"5f5f5ff050");
    }

    function test_findsAReadOfForeignStorage() public {
        // Asks the token for its total supply.
        bytes memory ask =
            abi.encodePacked(hex"6318160ddd5f5260205f6004601c73", address(token), hex"5afa50");

        _finds("storage of another contract", ask);
    }

    function test_findsACallWithValue() public {
        bytes memory pay = abi.encodePacked(hex"5f5f5f5f600173", address(target), hex"5af150");

        _finds("call with value", pay);
    }

    function test_findsACallOfNoCode() public {
        _finds("call of no code", abi.encodePacked(hex"5f5f5f5f5f73", nobody, hex"5af150"));
        _finds("call of no code", abi.encodePacked(hex"5f5f5f5f73", nobody, hex"5afa50"));
    }

    function test_findsACallIntoTheEntryPoint() public {
        // Asks for a nonce, with a static call that has input.
        bytes memory ask = abi.encodePacked(hex"5f5f60045f73", address(entryPoint), hex"5afa50");

        _finds("call into the EntryPoint", ask);
    }

    function test_findsALookAtTheCodeOfAnAddressThatHasNone() public {
        _finds("code of no code", abi.encodePacked(hex"73", nobody, hex"3b50")); // EXTCODESIZE
        _finds("code of no code", abi.encodePacked(hex"5f5f5f73", nobody, hex"3c")); // EXTCODECOPY
        _finds("code of no code", abi.encodePacked(hex"73", nobody, hex"3f50")); // EXTCODEHASH
    }

    function test_letsCodeBeLookedAtOrAskedFor() public {
        _finds("", abi.encodePacked(hex"73", nobody, hex"3b1550"));
        _finds("", abi.encodePacked(hex"73", address(target), hex"3f50"));
    }

    function test_findsALookAtCodeThatOnlyExecutionPutsThere() public {
        PackedUserOperation memory op = _op(hex"00");
        address later = vm.computeCreate2Address(0, keccak256(hex"60015ff3"), op.sender);
        // Short calldata is the execution, which creates one byte of code; else it is the validation.
        bytes memory create = hex"366020106017576360015ff35f525f6004601c5ff55000";
        bytes memory look = abi.encodePacked(hex"5b73", later, hex"3b505f5f5260205ff3");
        vm.etch(op.sender, bytes.concat(create, look));
        op = _sponsored(op, START + 60, START - 60);

        assertEq(_firstBroken(_traceOf(op), op), "code of no code");
        _handle(op);
        assertEq(later.code.length, 1);
    }

    /// @dev What an account's validation that runs `code` and returns zero is found to break.
    function _finds(string memory rule, bytes memory code) private {
        PackedUserOperation memory op = _op("");
        vm.etch(op.sender, bytes.concat(code, hex"5f5f5260205ff3"));
        op = _sponsored(op, START + 60, START - 60);

        assertEq(_firstBroken(_traceOf(op), op), rule);
    }
}
