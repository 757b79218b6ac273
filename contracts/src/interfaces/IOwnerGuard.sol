// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

/// @notice Who owns an account, how the owner changes, and what an optional guardian may do.
///
/// @dev "The account itself" means a call by the account or by its EntryPoint after validation,
///      while the account is not frozen: whatever the owner signed.
interface IOwnerGuard {
    /// @notice Emitted when the account gets its owner and at each change of it.
    /// @param previousOwner The owner before; zero when the account is created.
    /// @param newOwner      The owner from now on.
    event OwnerChanged(address indexed previousOwner, address indexed newOwner);

    /// @notice Emitted when the guardian proposed another owner.
    /// @param newOwner The proposed owner, who proved to hold the key.
    /// @param readyAt  The time from which the change may be completed.
    event OwnerChangeProposed(address indexed newOwner, uint48 readyAt);

    /// @notice Emitted when a proposed owner change was withdrawn.
    /// @param newOwner The owner who had been proposed.
    event OwnerChangeCancelled(address indexed newOwner);

    /// @notice Emitted when another guardian was proposed by the account itself.
    /// @param newGuardian The proposed guardian; zero for none.
    /// @param readyAt     The time from which the change may be completed.
    event GuardianChangeProposed(address indexed newGuardian, uint48 readyAt);

    /// @notice Emitted when a proposed guardian change was withdrawn.
    /// @param newGuardian The guardian who had been proposed.
    event GuardianChangeCancelled(address indexed newGuardian);

    /// @notice Emitted when the guardian changed.
    /// @param previousGuardian The guardian before; zero for none.
    /// @param newGuardian      The guardian from now on; zero for none.
    event GuardianChanged(address indexed previousGuardian, address indexed newGuardian);

    /// @notice Emitted when the guardian froze the account.
    /// @param until The time at which the freeze ends by itself.
    event Frozen(uint48 until);

    /// @notice Emitted when a freeze ended before its time.
    event Unfrozen();

    /// @notice Thrown when the caller may not do this.
    /// @param caller The caller.
    error Unauthorized(address caller);

    /// @notice Thrown when the account is asked to act while it is frozen.
    /// @param until The time at which the freeze ends by itself.
    error AccountFrozen(uint48 until);

    /// @notice Thrown when an account is initialized again.
    /// @param owner The owner it has.
    error AlreadyInitialized(address owner);

    /// @notice Thrown when an address cannot be an owner.
    /// @param owner The address.
    error InvalidOwner(address owner);

    /// @notice Thrown when an address cannot be a guardian.
    /// @param guardian The address.
    error InvalidGuardian(address guardian);

    /// @notice Thrown when a proof was not signed by the new owner for this account, chain and nonce.
    /// @param newOwner The new owner.
    /// @param nonce    The nonce that the proof has to carry.
    error InvalidOwnerProof(address newOwner, uint32 nonce);

    /// @notice Thrown when the guardian has frozen the account over a proposed owner change, so that
    ///         the owner alone can no longer escape it.
    /// @param newOwner The proposed owner.
    error OwnerChangeLocked(address newOwner);

    /// @notice Thrown when there is no proposed change.
    error NothingPending();

    /// @notice Thrown when something is done before its time.
    /// @param readyAt The time from which it may be done.
    error TooEarly(uint48 readyAt);

    /// @notice Returns how long a freeze lasts unless it is lifted.
    function FREEZE_PERIOD() external view returns (uint48);

    /// @notice Returns how long after a freeze's time the guardian cannot freeze.
    function FREEZE_COOLDOWN() external view returns (uint48);

    /// @notice Returns how long a proposed change of the owner or of the guardian waits.
    function CHANGE_DELAY() external view returns (uint48);

    /// @notice Returns the address whose signature the account obeys.
    function owner() external view returns (address);

    /// @notice Returns the guardian; zero for none.
    function guardian() external view returns (address);

    /// @notice Returns the time at which a freeze ends; the account is frozen before it.
    function frozenUntil() external view returns (uint48);

    /// @notice Returns the time from which the guardian may freeze again.
    function nextFreezeAt() external view returns (uint48);

    /// @notice Returns the nonce that the next {OwnerProof} has to carry.
    function ownerNonce() external view returns (uint32);

    /// @notice Returns the owner change that the guardian proposed.
    /// @return newOwner The proposed owner; zero for none.
    /// @return readyAt  The time from which the change may be completed.
    /// @return locked   Whether the owner alone can no longer cancel it.
    function pendingOwner() external view returns (address newOwner, uint48 readyAt, bool locked);

    /// @notice Returns the guardian change that the account itself proposed.
    /// @return newGuardian The proposed guardian; zero for none.
    /// @return readyAt     The time from which the change may be completed; zero if there is none.
    function pendingGuardian() external view returns (address newGuardian, uint48 readyAt);

    /// @notice Returns the EIP-712 digest that `newOwner` signs to prove that the key is held:
    ///         `OwnerProof(address newOwner,uint256 nonce)` in the domain of this account and chain.
    /// @param newOwner The new owner.
    function ownerProofDigest(address newOwner) external view returns (bytes32);

    /// @notice Makes `newOwner` the owner at once. Drops an owner change that was proposed.
    /// @dev MUST be called by the account itself. MUST NOT work while a locked change is pending.
    /// @param newOwner The new owner.
    /// @param proof    The 65-byte signature of {ownerProofDigest} by the new owner.
    function rotateOwner(address newOwner, bytes calldata proof) external;

    /// @notice Proposes another owner, for an owner's key that is lost or stolen.
    /// @dev MUST be called by the guardian. Replaces an earlier proposal and starts the delay anew.
    /// @param newOwner The new owner.
    /// @param proof    The 65-byte signature of {ownerProofDigest} by the new owner.
    function proposeOwnerChange(address newOwner, bytes calldata proof) external;

    /// @notice Withdraws a proposed owner change.
    /// @dev MUST be called by the guardian, or by the account itself unless the change is locked.
    function cancelOwnerChange() external;

    /// @notice Makes the proposed owner the owner once the delay is over, ends a freeze and drops a
    ///         guardian change that was proposed.
    /// @dev Anyone MAY call it.
    function completeOwnerChange() external;

    /// @notice Sets the first guardian at once; proposes another one, or none, if there is one.
    /// @dev MUST be called by the account itself. MUST NOT work while a locked change is pending.
    /// @param newGuardian The new guardian; zero for none.
    function setGuardian(address newGuardian) external;

    /// @notice Withdraws a proposed guardian change.
    /// @dev MUST be called by the account itself.
    function cancelGuardianChange() external;

    /// @notice Makes the proposed guardian the guardian once the delay is over.
    /// @dev MUST be called by the account itself. MUST NOT work while a locked change is pending.
    function completeGuardianChange() external;

    /// @notice Freezes the account for a bounded time: no operation, no ERC-1271 signature. A pending
    ///         owner change becomes locked.
    /// @dev MUST be called by the guardian. After a freeze there is as long a time without one.
    function freeze() external;

    /// @notice Ends a freeze before its time. The guardian may still not freeze again any sooner.
    /// @dev MUST be called by the guardian.
    function unfreeze() external;
}
