// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IOwnerGuard} from "./IOwnerGuard.sol";
import {IAccount} from "@account-abstraction/v08/interfaces/IAccount.sol";

/// @notice An ERC-4337 account that obeys one key, which a quorum of separate machines holds.
///
/// @dev {IAccount-validateUserOp} MUST be called by the EntryPoint; MUST NOT revert over a signature,
///      whatever its length, but return 1 if it is not the owner's; otherwise MUST return the end of
///      the last freeze as `validAfter`, so that the EntryPoint refuses while the account is frozen.
interface ICountersignAccount is IAccount, IOwnerGuard {
    /// @notice Thrown when an execution mode is not one of the two supported.
    /// @param mode The mode.
    error UnsupportedExecutionMode(bytes32 mode);

    /// @notice Thrown when a call of a batch goes to the zero address.
    /// @param index The call's place in the batch, from zero.
    error ZeroTarget(uint256 index);

    /// @notice Gives a new proxy its owner.
    /// @dev MUST be called on a proxy without owner; the factory does it in the same transaction. MUST NOT
    ///      work on an EOA that delegates to an implementation (EIP-7702).
    /// @param newOwner The owner.
    function initialize(address newOwner) external;

    /// @notice Does what the owner signed. A failing call reverts everything, with its own reason.
    /// @dev MUST be called by the account itself or its EntryPoint while it is not frozen.
    /// @param mode          Zero for a single call; `0x01` followed by zeros for a batch (ERC-7579,
    ///                      ERC-7821). Every other mode, delegate calls above all, reverts.
    /// @param executionData `abi.encodePacked(target, value, data)` for a single call;
    ///                      `abi.encode((address target, uint256 value, bytes data)[])` for a batch.
    ///                      A zero target reverts in a batch, where ERC-7821 takes it for the account;
    ///                      a single call goes to it as it stands (ERC-7579).
    function execute(bytes32 mode, bytes calldata executionData) external payable;

    /// @notice Returns whether {execute} knows a mode.
    /// @param mode The mode.
    function supportsExecutionMode(bytes32 mode) external view returns (bool);

    /// @notice Returns whether an interface is implemented (ERC-165).
    /// @param interfaceId The interface.
    function supportsInterface(bytes4 interfaceId) external view returns (bool);

    /// @notice Returns the only EntryPoint that the account obeys.
    function entryPoint() external view returns (address);
}
