// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {Signatures} from "./Signatures.sol";
import {SponsorPaymaster} from "./SponsorPaymaster.sol";

/// @notice {SponsorPaymaster} for EntryPoint 0.7: the paymaster's data is
///         `uint48 validUntil ‖ uint48 validAfter ‖ signature`.
contract SponsorPaymasterV07 is SponsorPaymaster {
    /// @param entryPoint_ An EntryPoint 0.7.
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
        if (paymasterAndData.length != signatureOffset + Signatures.LENGTH) {
            return (false, paymasterAndData, paymasterAndData);
        }
        window = paymasterAndData[DATA_OFFSET:signatureOffset];
        return (true, window, paymasterAndData[signatureOffset:]);
    }
}
