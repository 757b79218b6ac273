// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {Signatures} from "./Signatures.sol";
import {SponsorPaymaster} from "./SponsorPaymaster.sol";

/// @notice {SponsorPaymaster} for EntryPoint 0.9: the paymaster's data is
///         `uint48 validUntil ‖ uint48 validAfter`, and the signature follows it as the paymaster
///         signature, which the operation's hash does not cover. So both can be signed in parallel.
contract SponsorPaymasterV09 is SponsorPaymaster {
    /// @dev The paymaster signature's length as `uint16`, and the magic that ends `paymasterAndData`.
    bytes10 private constant SUFFIX = bytes10(0x004122e325a297439656);

    /// @param entryPoint_ An EntryPoint 0.9.
    /// @param owner_      Who deposits, stakes, withdraws and replaces the signer.
    /// @param signer_     Who signs approvals.
    constructor(address entryPoint_, address owner_, address signer_)
        SponsorPaymaster(entryPoint_, owner_, signer_)
    {}

    /// @inheritdoc SponsorPaymaster
    function _split(bytes calldata paymasterAndData)
        internal
        pure
        override
        returns (bool wellFormed, bytes calldata window, bytes calldata signature)
    {
        uint256 signatureOffset = DATA_OFFSET + WINDOW_LENGTH;
        uint256 suffixOffset = signatureOffset + Signatures.LENGTH;
        if (
            paymasterAndData.length != suffixOffset + 10
                || bytes10(paymasterAndData[suffixOffset:]) != SUFFIX
        ) {
            return (false, paymasterAndData, paymasterAndData);
        }
        window = paymasterAndData[DATA_OFFSET:signatureOffset];
        return (true, window, paymasterAndData[signatureOffset:suffixOffset]);
    }
}
