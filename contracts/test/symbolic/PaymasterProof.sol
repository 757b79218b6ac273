// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {SponsorPaymaster} from "../../src/SponsorPaymaster.sol";
import {SponsorPaymasterV08} from "../../src/SponsorPaymasterV08.sol";
import {SponsorPaymasterV09} from "../../src/SponsorPaymasterV09.sol";
import {Symbolic} from "./Symbolic.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

/// @notice Code for the address that stands for the EntryPoint.
contract Placeholder {}

/// @notice An approval for one operation validates no other, for every pair of operations.
abstract contract PaymasterProof is Symbolic {
    address internal constant TREASURER = address(0x7ea);
    address internal constant SIGNER = address(0x519);

    SponsorPaymaster internal paymaster;
    address internal entryPoint;

    /// @dev The terms that travel in `paymasterAndData`.
    struct Terms {
        uint128 verificationGasLimit;
        uint128 postOpGasLimit;
        uint48 validUntil;
        uint48 validAfter;
    }

    struct Fields {
        address sender;
        uint256 nonce;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
    }

    /// @notice Operations that differ in a field, a term, the init code or the calls have different
    ///         digests.
    function check_digestsOfDifferentOperationsDiffer(
        Fields calldata a,
        Terms calldata ta,
        Fields calldata b,
        Terms calldata tb
    ) external {
        PackedUserOperation memory first = _operation(a, ta, "first");
        PackedUserOperation memory second = _operation(b, tb, "second");
        vm.assume(!_same(first, second) || !_sameTerms(ta, tb));
        assert(
            paymaster.approvalDigest(first, ta.validUntil, ta.validAfter)
                != paymaster.approvalDigest(second, tb.validUntil, tb.validAfter)
        );
    }

    /// @notice If the signer signed one operation only, no other validates with that signature.
    function check_anApprovalValidatesNoOtherOperation(
        Fields calldata b,
        Terms calldata tb,
        bytes32 approved,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        PackedUserOperation memory other = _operation(b, tb, "other");
        bytes32 digest = paymaster.approvalDigest(other, tb.validUntil, tb.validAfter);
        vm.assume(digest != approved && ecrecover(digest, v, r, s) != SIGNER);
        other.paymasterAndData = bytes.concat(
            other.paymasterAndData,
            abi.encodePacked(tb.validUntil, tb.validAfter, r, s, v),
            _suffix()
        );
        vm.prank(entryPoint);
        (, uint256 data) = paymaster.validatePaymasterUserOp(other, 0, 0);
        assert(address(uint160(data)) == address(1));
    }

    /// @notice Only the EntryPoint asks.
    function check_onlyTheEntryPointAsks(address caller, Fields calldata a, Terms calldata t)
        external
    {
        vm.assume(caller != entryPoint);
        PackedUserOperation memory op = _operation(a, t, "op");
        vm.prank(caller);
        (bool ok,) = address(paymaster)
            .call(abi.encodeCall(paymaster.validatePaymasterUserOp, (op, bytes32(0), 0)));
        assert(!ok);
    }

    /// @notice Only the owner replaces the signer.
    function check_onlyTheOwnerReplacesTheSigner(address caller, address next) external {
        vm.assume(caller != TREASURER);
        vm.prank(caller);
        (bool ok,) = address(paymaster).call(abi.encodeCall(paymaster.setSigner, (next)));
        assert(!ok && paymaster.signer() == SIGNER);
    }

    function _suffix() internal pure virtual returns (bytes memory);

    function _operation(Fields calldata f, Terms calldata t, string memory name)
        private
        returns (PackedUserOperation memory op)
    {
        op.sender = f.sender;
        op.nonce = f.nonce;
        op.initCode = svm.createBytes(52, string.concat(name, " initCode"));
        op.callData = svm.createBytes(100, string.concat(name, " callData"));
        op.accountGasLimits = f.accountGasLimits;
        op.preVerificationGas = f.preVerificationGas;
        op.gasFees = f.gasFees;
        op.paymasterAndData =
            abi.encodePacked(address(paymaster), t.verificationGasLimit, t.postOpGasLimit);
    }

    function _same(PackedUserOperation memory a, PackedUserOperation memory b)
        private
        pure
        returns (bool)
    {
        return a.sender == b.sender && a.nonce == b.nonce
            && keccak256(a.initCode) == keccak256(b.initCode)
            && keccak256(a.callData) == keccak256(b.callData)
            && a.accountGasLimits == b.accountGasLimits
            && a.preVerificationGas == b.preVerificationGas && a.gasFees == b.gasFees;
    }

    function _sameTerms(Terms calldata a, Terms calldata b) private pure returns (bool) {
        return a.verificationGasLimit == b.verificationGasLimit
            && a.postOpGasLimit == b.postOpGasLimit && a.validUntil == b.validUntil
            && a.validAfter == b.validAfter;
    }
}

/// @notice 0.7 has the same code.
contract PaymasterV08Proof is PaymasterProof {
    function setUp() external {
        entryPoint = address(new Placeholder());
        paymaster = new SponsorPaymasterV08(entryPoint, TREASURER, SIGNER);
    }

    function _suffix() internal pure override returns (bytes memory) {
        return "";
    }
}

contract PaymasterV09Proof is PaymasterProof {
    function setUp() external {
        entryPoint = address(new Placeholder());
        paymaster = new SponsorPaymasterV09(entryPoint, TREASURER, SIGNER);
    }

    function _suffix() internal pure override returns (bytes memory) {
        return hex"004122e325a297439656";
    }
}
