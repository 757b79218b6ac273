// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IEntryPointDeposit} from "./IEntryPointDeposit.sol";
import {IPaymaster} from "@account-abstraction/v08/interfaces/IPaymaster.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

/// @notice Pays for the operations that its signer approved, one approval for one operation.
///
/// @dev {IPaymaster-validatePaymasterUserOp} MUST be called by the EntryPoint; MUST NOT revert over an
///      approval that is missing, malformed or another operation's, but return 1 as the aggregator;
///      MUST return no context. {IPaymaster-postOp} therefore never has anything to do.
interface ISponsorPaymaster is IPaymaster, IEntryPointDeposit {
    /// @notice Emitted when approvals have another signer.
    /// @param previousSigner The signer before; zero at creation.
    /// @param newSigner      The signer from now on.
    event SignerChanged(address indexed previousSigner, address indexed newSigner);

    /// @notice Thrown when an address cannot be the signer.
    /// @param signer The address.
    error InvalidSigner(address signer);

    /// @notice Thrown when the caller is not the EntryPoint.
    /// @param caller The caller.
    error NotEntryPoint(address caller);

    /// @notice Thrown when the EntryPoint calls {IPaymaster-postOp}: no operation asked for it.
    error UnexpectedPostOp();

    /// @notice Returns who signs approvals.
    function signer() external view returns (address);

    /// @notice Makes `newSigner` the signer. Approvals by the one before are void at once.
    /// @dev MUST be called by the owner.
    /// @param newSigner The new signer.
    function setSigner(address newSigner) external;

    /// @notice Returns the EIP-712 digest that the signer signs to approve an operation:
    ///         `SponsorApproval(address sender,uint256 nonce,bytes initCode,bytes callData,bytes32 accountGasLimits,uint256 preVerificationGas,bytes32 gasFees,uint128 paymasterVerificationGasLimit,uint128 paymasterPostOpGasLimit,address delegate,address entryPoint,uint48 validUntil,uint48 validAfter)`.
    /// @param userOp     The operation; of `paymasterAndData` only the two gas limits count.
    /// @param validUntil The last second at which it may be included; zero for no end.
    /// @param validAfter The first second at which it may be included.
    /// @return digest    The digest. It has the sender's EIP-7702 delegate as of this call.
    function approvalDigest(
        PackedUserOperation calldata userOp,
        uint48 validUntil,
        uint48 validAfter
    ) external view returns (bytes32 digest);
}
