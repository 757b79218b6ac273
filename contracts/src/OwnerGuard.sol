// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {AccountStorage} from "./AccountStorage.sol";
import {Signatures} from "./Signatures.sol";
import {IOwnerGuard} from "./interfaces/IOwnerGuard.sol";
import {EIP712} from "solady/utils/EIP712.sol";

/// @notice The owner of an account and its optional guardian.
///
/// Trust assumptions:
/// - The owner is one secp256k1 key. Nobody else acts for the account, and the owner's own code, if
///   its address has any, is never asked.
/// - The guardian can stop the account for {FREEZE_PERIOD}, and then not for {FREEZE_COOLDOWN}, in
///   which the owner has the time ({CHANGE_DELAY}) to replace the guardian.
/// - A guardian that freezes while its owner change is pending, or proposes while its freeze lasts,
///   gets its way after {CHANGE_DELAY}: against a stolen owner's key nothing less helps. So a
///   guardian must be as hard to corrupt as the owner. Without a guardian none of this exists.
/// - A stolen owner's key can spend, upgrade and rotate until the guardian freezes.
abstract contract OwnerGuard is IOwnerGuard, EIP712 {
    /// @inheritdoc IOwnerGuard
    uint48 public constant FREEZE_PERIOD = 7 days;

    /// @inheritdoc IOwnerGuard
    uint48 public constant FREEZE_COOLDOWN = 7 days;

    /// @inheritdoc IOwnerGuard
    uint48 public constant CHANGE_DELAY = 3 days;

    /// @notice `keccak256("OwnerProof(address newOwner,uint256 nonce)")`.
    bytes32 private constant OWNER_PROOF_TYPEHASH =
        keccak256("OwnerProof(address newOwner,uint256 nonce)");

    /// @dev The caller is the account itself or its EntryPoint, and the account is not frozen.
    modifier onlySelf() {
        _requireSelf();
        _requireNotFrozen();
        _;
    }

    /// @dev No owner change is pending that the guardian has locked.
    modifier unlessLocked() {
        _requireNotLocked();
        _;
    }

    modifier onlyGuardian() {
        if (msg.sender != AccountStorage.layout().guardian) revert Unauthorized(msg.sender);
        _;
    }

    /// @inheritdoc IOwnerGuard
    function rotateOwner(address newOwner, bytes calldata proof) external onlySelf unlessLocked {
        _useOwnerProof(newOwner, proof);
        if (AccountStorage.layout().pendingOwner != address(0)) _dropOwnerChange();
        _setOwner(newOwner);
    }

    /// @inheritdoc IOwnerGuard
    function proposeOwnerChange(address newOwner, bytes calldata proof) external onlyGuardian {
        _useOwnerProof(newOwner, proof);
        AccountStorage.Layout storage $ = AccountStorage.layout();
        uint48 readyAt = uint48(block.timestamp) + CHANGE_DELAY;
        $.pendingOwner = newOwner;
        $.pendingOwnerAt = readyAt;
        $.pendingOwnerLocked = _isFrozen();
        emit OwnerChangeProposed(newOwner, readyAt);
    }

    /// @inheritdoc IOwnerGuard
    function cancelOwnerChange() external {
        if (msg.sender != AccountStorage.layout().guardian) {
            _requireSelf();
            _requireNotFrozen();
            _requireNotLocked();
        }
        if (AccountStorage.layout().pendingOwner == address(0)) revert NothingPending();
        _dropOwnerChange();
    }

    /// @inheritdoc IOwnerGuard
    function completeOwnerChange() external {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        address newOwner = $.pendingOwner;
        if (newOwner == address(0)) revert NothingPending();
        if (block.timestamp < $.pendingOwnerAt) revert TooEarly($.pendingOwnerAt);
        delete $.pendingOwner;
        delete $.pendingOwnerAt;
        delete $.pendingOwnerLocked;
        if ($.pendingGuardianAt != 0) _dropGuardianChange();
        if (_isFrozen()) _unfreeze();
        _setOwner(newOwner);
    }

    /// @inheritdoc IOwnerGuard
    function setGuardian(address newGuardian) external onlySelf unlessLocked {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        if (newGuardian == address(this) || newGuardian == $.guardian) {
            revert InvalidGuardian(newGuardian);
        }
        if ($.guardian == address(0)) {
            $.guardian = newGuardian;
            emit GuardianChanged(address(0), newGuardian);
        } else {
            uint48 readyAt = uint48(block.timestamp) + CHANGE_DELAY;
            $.pendingGuardian = newGuardian;
            $.pendingGuardianAt = readyAt;
            emit GuardianChangeProposed(newGuardian, readyAt);
        }
    }

    /// @inheritdoc IOwnerGuard
    function cancelGuardianChange() external onlySelf {
        if (AccountStorage.layout().pendingGuardianAt == 0) revert NothingPending();
        _dropGuardianChange();
    }

    /// @inheritdoc IOwnerGuard
    function completeGuardianChange() external onlySelf unlessLocked {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        uint48 readyAt = $.pendingGuardianAt;
        if (readyAt == 0) revert NothingPending();
        if (block.timestamp < readyAt) revert TooEarly(readyAt);
        (address previous, address next) = ($.guardian, $.pendingGuardian);
        // What the previous guardian had proposed goes with it; it was not locked.
        if ($.pendingOwner != address(0)) _dropOwnerChange();
        delete $.pendingGuardian;
        delete $.pendingGuardianAt;
        delete $.nextFreezeAt;
        $.guardian = next;
        emit GuardianChanged(previous, next);
    }

    /// @inheritdoc IOwnerGuard
    function freeze() external onlyGuardian {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        if (block.timestamp < $.nextFreezeAt) revert TooEarly($.nextFreezeAt);
        uint48 until = uint48(block.timestamp) + FREEZE_PERIOD;
        $.frozenUntil = until;
        $.nextFreezeAt = until + FREEZE_COOLDOWN;
        if ($.pendingOwner != address(0)) $.pendingOwnerLocked = true;
        emit Frozen(until);
    }

    /// @inheritdoc IOwnerGuard
    function unfreeze() external onlyGuardian {
        if (!_isFrozen()) revert NothingPending();
        _unfreeze();
    }

    /// @inheritdoc IOwnerGuard
    function pendingOwner() external view returns (address newOwner, uint48 readyAt, bool locked) {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        return ($.pendingOwner, $.pendingOwnerAt, $.pendingOwnerLocked);
    }

    /// @inheritdoc IOwnerGuard
    function pendingGuardian() external view returns (address newGuardian, uint48 readyAt) {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        return ($.pendingGuardian, $.pendingGuardianAt);
    }

    /// @inheritdoc IOwnerGuard
    function guardian() external view returns (address) {
        return AccountStorage.layout().guardian;
    }

    /// @inheritdoc IOwnerGuard
    function frozenUntil() external view returns (uint48) {
        return AccountStorage.layout().frozenUntil;
    }

    /// @inheritdoc IOwnerGuard
    function nextFreezeAt() external view returns (uint48) {
        return AccountStorage.layout().nextFreezeAt;
    }

    /// @inheritdoc IOwnerGuard
    function ownerNonce() external view returns (uint32) {
        return AccountStorage.layout().ownerNonce;
    }

    /// @inheritdoc IOwnerGuard
    function owner() public view returns (address) {
        return AccountStorage.layout().owner;
    }

    /// @inheritdoc IOwnerGuard
    function ownerProofDigest(address newOwner) public view returns (bytes32) {
        return _hashTypedData(
            keccak256(
                abi.encode(OWNER_PROOF_TYPEHASH, newOwner, AccountStorage.layout().ownerNonce)
            )
        );
    }

    /// @dev Reverts unless the caller is the account itself or its EntryPoint.
    function _requireSelf() internal view virtual;

    function _requireNotFrozen() internal view {
        uint48 until = AccountStorage.layout().frozenUntil;
        if (block.timestamp < until) revert AccountFrozen(until);
    }

    function _requireNotLocked() internal view {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        if ($.pendingOwnerLocked) revert OwnerChangeLocked($.pendingOwner);
    }

    function _isFrozen() internal view returns (bool) {
        return block.timestamp < AccountStorage.layout().frozenUntil;
    }

    function _setOwner(address newOwner) internal {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        if (newOwner == address(0) || newOwner == address(this)) revert InvalidOwner(newOwner);
        emit OwnerChanged($.owner, newOwner);
        $.owner = newOwner;
    }

    /// @dev Checks the new owner's proof and makes it worthless from now on.
    function _useOwnerProof(address newOwner, bytes calldata proof) private {
        uint32 nonce = AccountStorage.layout().ownerNonce;
        if (!Signatures.isBy(newOwner, ownerProofDigest(newOwner), proof)) {
            revert InvalidOwnerProof(newOwner, nonce);
        }
        AccountStorage.layout().ownerNonce = nonce + 1;
    }

    function _dropOwnerChange() private {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        emit OwnerChangeCancelled($.pendingOwner);
        delete $.pendingOwner;
        delete $.pendingOwnerAt;
        delete $.pendingOwnerLocked;
    }

    function _dropGuardianChange() private {
        AccountStorage.Layout storage $ = AccountStorage.layout();
        emit GuardianChangeCancelled($.pendingGuardian);
        delete $.pendingGuardian;
        delete $.pendingGuardianAt;
    }

    function _unfreeze() private {
        delete AccountStorage.layout().frozenUntil;
        emit Unfrozen();
    }
}
