// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {EntryPointDeposit} from "./EntryPointDeposit.sol";
import {Signatures} from "./Signatures.sol";
import {ISponsorPaymaster} from "./interfaces/ISponsorPaymaster.sol";
import {IPaymaster} from "@account-abstraction/v08/interfaces/IPaymaster.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";
import {LibEIP7702} from "solady/accounts/LibEIP7702.sol";
import {EIP712} from "solady/utils/EIP712.sol";

/// @notice Pays for the operations that its signer approved, one approval for one operation.
///
/// Trust assumptions:
/// - The EntryPoint is honest: it never executes two operations of one sender and nonce, which is what
///   makes an approval work once.
/// - The signer decides what the deposit is spent on, and bounds it by the gas limits, fees and time
///   window that an approval names. The owner can replace the signer at any time.
/// - The paymaster is staked: the signer can be replaced, so validation reads it from this contract's
///   own storage, which ERC-7562 (STO-031) grants to a staked paymaster only.
abstract contract SponsorPaymaster is ISponsorPaymaster, EntryPointDeposit, EIP712 {
    /// @dev Where `paymasterAndData` has its two gas limits and the paymaster's own data.
    uint256 private constant VERIFICATION_GAS_LIMIT_OFFSET = 20;
    uint256 private constant POST_OP_GAS_LIMIT_OFFSET = 36;
    uint256 internal constant DATA_OFFSET = 52;

    /// @dev `uint48 validUntil ‖ uint48 validAfter`.
    uint256 internal constant WINDOW_LENGTH = 12;

    /// @dev The aggregator that stands for a signature that is not valid.
    uint256 private constant SIGNATURE_FAILED = 1;

    bytes32 private constant APPROVAL_TYPEHASH = keccak256(
        "SponsorApproval(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,uint128 paymasterVerificationGasLimit,uint128 paymasterPostOpGasLimit,address delegate,address entryPoint,uint48 validUntil,uint48 validAfter)"
    );

    /// @inheritdoc ISponsorPaymaster
    address public signer;

    /// @param entryPoint_ The EntryPoint.
    /// @param owner_      Who deposits, stakes, withdraws and replaces the signer.
    /// @param signer_     Who signs approvals.
    constructor(address entryPoint_, address owner_, address signer_)
        EntryPointDeposit(entryPoint_, owner_)
    {
        _setSigner(signer_);
    }

    /// @inheritdoc ISponsorPaymaster
    function setSigner(address newSigner) external onlyOwner {
        _setSigner(newSigner);
    }

    /// @inheritdoc IPaymaster
    function validatePaymasterUserOp(PackedUserOperation calldata userOp, bytes32, uint256)
        external
        view
        returns (bytes memory context, uint256 validationData)
    {
        if (msg.sender != entryPoint) revert NotEntryPoint(msg.sender);
        (bool wellFormed, bytes calldata window, bytes calldata signature) =
            _split(userOp.paymasterAndData);
        if (!wellFormed) return ("", SIGNATURE_FAILED);

        uint48 validUntil = uint48(bytes6(window[:6]));
        uint48 validAfter = uint48(bytes6(window[6:]));
        bool approved =
            Signatures.isBy(signer, approvalDigest(userOp, validUntil, validAfter), signature);
        validationData = (approved ? 0 : SIGNATURE_FAILED) | uint256(validUntil) << 160
            | uint256(validAfter) << 208;
        return ("", validationData);
    }

    /// @inheritdoc IPaymaster
    function postOp(PostOpMode, bytes calldata, uint256, uint256) external view {
        if (msg.sender != entryPoint) revert NotEntryPoint(msg.sender);
        revert UnexpectedPostOp();
    }

    /// @inheritdoc ISponsorPaymaster
    function approvalDigest(
        PackedUserOperation calldata userOp,
        uint48 validUntil,
        uint48 validAfter
    ) public view returns (bytes32 digest) {
        bytes memory operation = abi.encode(
            APPROVAL_TYPEHASH,
            userOp.sender,
            userOp.nonce,
            keccak256(userOp.initCode),
            keccak256(userOp.callData),
            userOp.accountGasLimits,
            userOp.preVerificationGas,
            userOp.gasFees
        );
        bytes calldata limits = userOp.paymasterAndData;
        bytes memory terms = abi.encode(
            uint128(bytes16(limits[VERIFICATION_GAS_LIMIT_OFFSET:POST_OP_GAS_LIMIT_OFFSET])),
            uint128(bytes16(limits[POST_OP_GAS_LIMIT_OFFSET:DATA_OFFSET])),
            _delegateOf(userOp.sender),
            entryPoint,
            validUntil,
            validAfter
        );
        return _hashTypedData(keccak256(bytes.concat(operation, terms)));
    }

    /// @dev Finds the time window and the approval's signature; they travel differently by version.
    /// @param paymasterAndData Never shorter than {DATA_OFFSET} when the EntryPoint calls.
    function _split(bytes calldata paymasterAndData)
        internal
        pure
        virtual
        returns (bool wellFormed, bytes calldata window, bytes calldata signature);

    /// @dev Whose code `sender` runs by EIP-7702 (`0xef0100 ‖ delegate`); zero for none.
    function _delegateOf(address sender) internal view virtual returns (address) {
        return LibEIP7702.delegationOf(sender);
    }

    function _setSigner(address newSigner) private {
        if (newSigner == address(0)) revert InvalidSigner(newSigner);
        emit SignerChanged(signer, newSigner);
        signer = newSigner;
    }

    function _domainNameAndVersion()
        internal
        pure
        override
        returns (string memory name, string memory version)
    {
        return ("CountersignSponsorPaymaster", "1");
    }
}
