// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {SponsorPaymaster} from "../../src/SponsorPaymaster.sol";
import {SponsorPaymasterV08} from "../../src/SponsorPaymasterV08.sol";
import {SponsorPaymasterV09} from "../../src/SponsorPaymasterV09.sol";
import {Symbolic} from "./Symbolic.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

/// @notice Code for the address that stands for the EntryPoint.
contract Placeholder {}

/// @notice What the paymaster of each version is here: it sees the delegate that a proof sets, because
///         code of an unknown sender has no meaning to the prover.
interface IDelegateSetter {
    function setDelegate(address delegate) external;
}

contract DelegatedV08 is SponsorPaymasterV08, IDelegateSetter {
    address private _delegate;

    constructor(address entryPoint_, address owner_, address signer_)
        SponsorPaymasterV08(entryPoint_, owner_, signer_)
    {}

    function setDelegate(address delegate) external {
        _delegate = delegate;
    }

    function _delegateOf(address) internal view override returns (address) {
        return _delegate;
    }
}

contract DelegatedV09 is SponsorPaymasterV09, IDelegateSetter {
    address private _delegate;

    constructor(address entryPoint_, address owner_, address signer_)
        SponsorPaymasterV09(entryPoint_, owner_, signer_)
    {}

    function setDelegate(address delegate) external {
        _delegate = delegate;
    }

    function _delegateOf(address) internal view override returns (address) {
        return _delegate;
    }
}

/// @notice An approval for one operation validates no other. It follows from two proofs:
///
/// 1. {check_digestsOfDifferentOperationsDiffer}: operations that differ in anything that an approval
///    binds have different digests.
/// 2. {check_onlyTheSignersSignatureOfTheDigestValidates}: an operation validates if, and only if, what
///    it carries is a low-s signature by the signer of that operation's own digest.
///
/// So a signature that validates two operations would be the signer's for two digests, of which the
/// signer signed one: that is a forgery of ECDSA. Both assume that keccak256 has no collisions.
abstract contract PaymasterProof is Symbolic {
    address internal constant TREASURER = address(0x7ea);
    address internal constant SIGNER = address(0x519);
    /// @dev Where the paymaster is built, which is nowhere: so its domain is hashed before the prover's
    ///      eyes at each digest, and not taken from what the constructor kept.
    uint64 internal constant NO_CHAIN = 0;
    uint256 private constant MAX_S =
        0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    SponsorPaymaster internal paymaster;
    address internal entryPoint;

    struct Fields {
        address sender;
        uint256 nonce;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        // Whether there is init code, and whether the calls are more than a selector.
        bool deploys;
        bool calls;
    }

    /// @dev The terms that travel in `paymasterAndData`.
    struct Terms {
        uint128 verificationGasLimit;
        uint128 postOpGasLimit;
        uint48 validUntil;
        uint48 validAfter;
    }

    /// @dev What is true of the world while an operation is validated.
    struct Surroundings {
        uint64 chain;
        address delegate;
    }

    /// @notice Operations that differ in a field, a length, a term, the chain or the sender's delegate
    ///         have different digests.
    function check_digestsOfDifferentOperationsDiffer(
        Fields calldata a,
        Terms calldata ta,
        Surroundings calldata sa,
        Fields calldata b,
        Terms calldata tb,
        Surroundings calldata sb
    ) external {
        PackedUserOperation memory first = _operation(a, ta, "first");
        PackedUserOperation memory second = _operation(b, tb, "second");
        vm.assume(keccak256(abi.encode(first, ta, sa)) != keccak256(abi.encode(second, tb, sb)));
        assert(_digest(first, ta, sa) != _digest(second, tb, sb));
    }

    /// @notice An operation validates if the signer signed its digest with a low `s`, and only then.
    function check_onlyTheSignersSignatureOfTheDigestValidates(
        Fields calldata f,
        Terms calldata t,
        Surroundings calldata s,
        bytes32 r,
        bytes32 vs,
        uint8 v
    ) external {
        PackedUserOperation memory op = _operation(f, t, "op");
        bytes32 digest = _digest(op, t, s);
        op.paymasterAndData = bytes.concat(
            op.paymasterAndData, abi.encodePacked(t.validUntil, t.validAfter, r, vs, v), _suffix()
        );
        vm.prank(entryPoint);
        (, uint256 data) = paymaster.validatePaymasterUserOp(op, 0, 0);
        bool signed = uint256(vs) <= MAX_S && ecrecover(digest, v, r, vs) == SIGNER;
        assert(address(uint160(data)) == (signed ? address(0) : address(1)));
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

    function _digest(PackedUserOperation memory op, Terms calldata t, Surroundings calldata s)
        private
        returns (bytes32)
    {
        vm.assume(s.chain != NO_CHAIN);
        vm.chainId(s.chain);
        IDelegateSetter(address(paymaster)).setDelegate(s.delegate);
        return paymaster.approvalDigest(op, t.validUntil, t.validAfter);
    }

    function _operation(Fields calldata f, Terms calldata t, string memory name)
        private
        returns (PackedUserOperation memory op)
    {
        op.sender = f.sender;
        op.nonce = f.nonce;
        if (f.deploys) op.initCode = svm.createBytes(52, string.concat(name, " initCode"));
        op.callData = svm.createBytes(f.calls ? 100 : 4, string.concat(name, " callData"));
        op.accountGasLimits = f.accountGasLimits;
        op.preVerificationGas = f.preVerificationGas;
        op.gasFees = f.gasFees;
        op.paymasterAndData =
            abi.encodePacked(address(paymaster), t.verificationGasLimit, t.postOpGasLimit);
    }
}

/// @notice 0.7 has the same code.
contract PaymasterV08Proof is PaymasterProof {
    function setUp() external {
        vm.chainId(NO_CHAIN);
        entryPoint = address(new Placeholder());
        paymaster = new DelegatedV08(entryPoint, TREASURER, SIGNER);
    }

    function _suffix() internal pure override returns (bytes memory) {
        return "";
    }
}

contract PaymasterV09Proof is PaymasterProof {
    function setUp() external {
        vm.chainId(NO_CHAIN);
        entryPoint = address(new Placeholder());
        paymaster = new DelegatedV09(entryPoint, TREASURER, SIGNER);
    }

    function _suffix() internal pure override returns (bytes memory) {
        return hex"004122e325a297439656";
    }
}
