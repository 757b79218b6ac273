// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "./interfaces/ICountersignAccount.sol";
import {ICountersignAccountFactory} from "./interfaces/ICountersignAccountFactory.sol";
import {LibClone} from "solady/utils/LibClone.sol";

/// @notice Creates accounts as ERC-1967 proxies by CREATE2.
///
/// Trust assumptions:
/// - The implementation is honest. It can never be changed here; accounts upgrade themselves.
contract CountersignAccountFactory is ICountersignAccountFactory {
    /// @inheritdoc ICountersignAccountFactory
    address public immutable implementation;

    /// @param implementation_ The implementation of the accounts.
    constructor(address implementation_) {
        if (implementation_.code.length == 0) revert InvalidImplementation(implementation_);
        implementation = implementation_;
    }

    /// @inheritdoc ICountersignAccountFactory
    function createAccount(address owner, uint256 salt) external returns (address account) {
        bool exists;
        (exists, account) =
            LibClone.createDeterministicERC1967(implementation, _create2Salt(owner, salt));
        if (!exists) {
            emit AccountCreated(account, owner, salt);
            ICountersignAccount(account).initialize(owner);
        }
    }

    /// @inheritdoc ICountersignAccountFactory
    function getAddress(address owner, uint256 salt) external view returns (address account) {
        return LibClone.predictDeterministicAddressERC1967(
            implementation, _create2Salt(owner, salt), address(this)
        );
    }

    function _create2Salt(address owner, uint256 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(owner, salt));
    }
}
