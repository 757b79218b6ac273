// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

/// @notice Creates accounts at addresses that owner, salt and implementation decide.
interface ICountersignAccountFactory {
    /// @notice Emitted when an account was created.
    /// @param account The account.
    /// @param owner   Its owner.
    /// @param salt    The salt, which tells one owner's accounts apart.
    event AccountCreated(address indexed account, address indexed owner, uint256 salt);

    /// @notice Thrown when the implementation has no code.
    /// @param implementation The implementation.
    error InvalidImplementation(address implementation);

    /// @notice Returns the implementation of the accounts that this factory creates.
    function implementation() external view returns (address);

    /// @notice Creates an account, or returns the one that exists. Anyone may call it: the address
    ///         binds the owner.
    /// @param owner   The owner.
    /// @param salt    The salt.
    /// @return account The account.
    function createAccount(address owner, uint256 salt) external returns (address account);

    /// @notice Returns the address that {createAccount} gives, whether it was called or not.
    /// @param owner   The owner.
    /// @param salt    The salt.
    /// @return account The address.
    function getAddress(address owner, uint256 salt) external view returns (address account);
}
