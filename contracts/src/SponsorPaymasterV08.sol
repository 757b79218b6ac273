// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {SponsorPaymasterV07} from "./SponsorPaymasterV07.sol";

/// @notice {SponsorPaymaster} for EntryPoint 0.8, which passes the paymaster's data as 0.7 does.
contract SponsorPaymasterV08 is SponsorPaymasterV07 {
    /// @param entryPoint_ An EntryPoint 0.8.
    /// @param owner_      Who deposits, stakes, withdraws and replaces the signer.
    /// @param signer_     Who signs approvals.
    constructor(address entryPoint_, address owner_, address signer_)
        SponsorPaymasterV07(entryPoint_, owner_, signer_)
    {}
}
