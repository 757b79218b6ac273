// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {CountersignAccount} from "./CountersignAccount.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @notice {CountersignAccount} for EntryPoint 0.7, whose `userOpHash` is a bare hash: the owner signs
///         its EIP-191 form.
contract CountersignAccountV07 is CountersignAccount {
    /// @param entryPoint_ An EntryPoint 0.7.
    constructor(address entryPoint_) CountersignAccount(entryPoint_) {}

    /// @inheritdoc CountersignAccount
    function _ownerDigest(bytes32 userOpHash) internal pure override returns (bytes32) {
        return MessageHashUtils.toEthSignedMessageHash(userOpHash);
    }
}
