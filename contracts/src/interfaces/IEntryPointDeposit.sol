// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

/// @notice A contract's deposit and stake at its EntryPoint, for its owner alone.
interface IEntryPointDeposit {
    /// @notice Thrown when the EntryPoint has no code.
    /// @param entryPoint The EntryPoint.
    error InvalidEntryPoint(address entryPoint);

    /// @notice Thrown when ownership is renounced: the deposit would be lost.
    error OwnershipCannotBeRenounced();

    /// @notice Returns the EntryPoint.
    function entryPoint() external view returns (address);

    /// @notice Returns what is left of the deposit.
    function getDeposit() external view returns (uint256);

    /// @notice Adds the value sent to the deposit, from which operations are paid.
    /// @dev MUST be called by the owner.
    function deposit() external payable;

    /// @notice Takes from the deposit.
    /// @dev MUST be called by the owner.
    /// @param to     Who gets it.
    /// @param amount How much, in wei.
    function withdrawTo(address payable to, uint256 amount) external;

    /// @notice Adds the value sent to the stake.
    /// @dev MUST be called by the owner.
    /// @param unstakeDelaySec How long unlocked stake waits; it can only grow.
    function addStake(uint32 unstakeDelaySec) external payable;

    /// @notice Starts the stake's waiting time; until it is added again the stake does not count.
    /// @dev MUST be called by the owner.
    function unlockStake() external;

    /// @notice Takes the whole stake after its waiting time.
    /// @dev MUST be called by the owner.
    /// @param to Who gets it.
    function withdrawStake(address payable to) external;
}
