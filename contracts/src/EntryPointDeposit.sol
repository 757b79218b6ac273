// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IEntryPointDeposit} from "./interfaces/IEntryPointDeposit.sol";
import {IStakeManager} from "@account-abstraction/v08/interfaces/IStakeManager.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @notice A contract's deposit and stake at its EntryPoint, for its owner alone.
///
/// Trust assumptions:
/// - The owner may take deposit and stake at any time the EntryPoint allows.
/// - Ownership moves in two steps and cannot be given up.
abstract contract EntryPointDeposit is IEntryPointDeposit, Ownable2Step {
    /// @inheritdoc IEntryPointDeposit
    address public immutable entryPoint;

    /// @param entryPoint_ The EntryPoint.
    /// @param owner_      Who may deposit, stake and withdraw.
    constructor(address entryPoint_, address owner_) Ownable(owner_) {
        if (entryPoint_.code.length == 0) revert InvalidEntryPoint(entryPoint_);
        entryPoint = entryPoint_;
    }

    /// @inheritdoc IEntryPointDeposit
    function deposit() external payable onlyOwner {
        IStakeManager(entryPoint).depositTo{value: msg.value}(address(this));
    }

    /// @inheritdoc IEntryPointDeposit
    function withdrawTo(address payable to, uint256 amount) external onlyOwner {
        IStakeManager(entryPoint).withdrawTo(to, amount);
    }

    /// @inheritdoc IEntryPointDeposit
    function addStake(uint32 unstakeDelaySec) external payable onlyOwner {
        IStakeManager(entryPoint).addStake{value: msg.value}(unstakeDelaySec);
    }

    /// @inheritdoc IEntryPointDeposit
    function unlockStake() external onlyOwner {
        IStakeManager(entryPoint).unlockStake();
    }

    /// @inheritdoc IEntryPointDeposit
    function withdrawStake(address payable to) external onlyOwner {
        IStakeManager(entryPoint).withdrawStake(to);
    }

    /// @inheritdoc IEntryPointDeposit
    function getDeposit() external view returns (uint256) {
        return IStakeManager(entryPoint).balanceOf(address(this));
    }

    /// @dev Always reverts.
    function renounceOwnership() public view override onlyOwner {
        revert OwnershipCannotBeRenounced();
    }
}
