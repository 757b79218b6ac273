// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {CountersignAccount} from "./CountersignAccount.sol";

/// @notice {CountersignAccount} for EntryPoint 0.8, whose `userOpHash` is an EIP-712 digest: the owner
///         signs it as it is.
contract CountersignAccountV08 is CountersignAccount {
    /// @param entryPoint_ An EntryPoint 0.8.
    constructor(address entryPoint_) CountersignAccount(entryPoint_) {}

    /// @inheritdoc CountersignAccount
    function _ownerDigest(bytes32 userOpHash) internal pure override returns (bytes32) {
        return userOpHash;
    }
}
