// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

/// @notice Where an account keeps its state (ERC-7201), so that an upgrade finds it again.
library AccountStorage {
    /// @custom:storage-location erc7201:countersign.storage.Account
    struct Layout {
        // Slot 0: the only one that validation reads.
        address owner;
        uint48 frozenUntil;
        uint32 ownerNonce;
        // Slot 1.
        address guardian;
        uint48 nextFreezeAt;
        // Slot 2: an owner change that the guardian proposed.
        address pendingOwner;
        uint48 pendingOwnerAt;
        bool pendingOwnerLocked;
        // Slot 3: a guardian change that the owner proposed; at zero there is none.
        address pendingGuardian;
        uint48 pendingGuardianAt;
    }

    /// @notice `keccak256(abi.encode(uint256(keccak256("countersign.storage.Account")) - 1)) & ~bytes32(uint256(0xff))`.
    bytes32 internal constant SLOT =
        0xcd01cae57c66454a4be3c54ce68f860cad3960b69c4be9bc66b72a9e5344a100;

    /// @notice Returns the account's state.
    function layout() internal pure returns (Layout storage $) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            $.slot := slot
        }
    }

    /// @notice Returns the owner and the end of the last freeze by a single read of slot 0, which
    ///         contracts/snapshots/Gas.json shows in each row.
    function ownerAndFreeze() internal view returns (address owner, uint48 frozenUntil) {
        uint256 packed;
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            packed := sload(slot)
        }
        return (address(uint160(packed)), uint48(packed >> 160));
    }
}
