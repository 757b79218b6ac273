// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {AccountStorage} from "./AccountStorage.sol";
import {OwnerGuard} from "./OwnerGuard.sol";
import {Signatures} from "./Signatures.sol";
import {ICountersignAccount} from "./interfaces/ICountersignAccount.sol";
import {IAccount} from "@account-abstraction/v08/interfaces/IAccount.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ERC1271} from "solady/accounts/ERC1271.sol";
import {LibERC7579} from "solady/accounts/LibERC7579.sol";
import {Receiver} from "solady/accounts/Receiver.sol";
import {UUPSUpgradeable} from "solady/utils/UUPSUpgradeable.sol";

/// @notice An ERC-4337 account that obeys one key, which a quorum of separate machines holds.
///
/// Trust assumptions:
/// - The EntryPoint is honest: it calls an account only after {validateUserOp} accepted the operation,
///   and never twice for one nonce.
/// - Whoever holds the owner's key may do anything, an upgrade included; {OwnerGuard} says what a
///   guardian can do about it.
/// - The implementation that an upgrade names is honest. Only the owner can name it.
/// - The proxy was initialized in the transaction that created it, as the factory does.
abstract contract CountersignAccount is
    ICountersignAccount,
    OwnerGuard,
    ERC1271,
    Receiver,
    UUPSUpgradeable
{
    /// @notice What {validateUserOp} returns for a signature that is not the owner's.
    uint256 private constant SIGNATURE_FAILED = 1;

    /// @notice The execution mode of a single call that reverts on failure.
    bytes32 private constant SINGLE = bytes32(0);

    /// @notice The execution mode of a batch of calls that reverts on the first failure.
    bytes32 private constant BATCH = bytes32(bytes1(0x01));

    /// @inheritdoc ICountersignAccount
    address public immutable entryPoint;

    /// @param entryPoint_ The only EntryPoint that accounts of this implementation obey.
    constructor(address entryPoint_) {
        entryPoint = entryPoint_;
    }

    /// @inheritdoc ICountersignAccount
    function initialize(address newOwner) external onlyProxy {
        // `onlyProxy` lets EOAs pass that delegate here (EIP-7702): whoever came first would own them.
        if (_onEIP7702Authority()) revert UnauthorizedCallContext();
        address current = AccountStorage.layout().owner;
        if (current != address(0)) revert AlreadyInitialized(current);
        _setOwner(newOwner);
    }

    /// @inheritdoc IAccount
    function validateUserOp(
        PackedUserOperation calldata userOp,
        bytes32 userOpHash,
        uint256 missingAccountFunds
    ) external returns (uint256 validationData) {
        if (msg.sender != entryPoint) revert Unauthorized(msg.sender);
        // The clock may not be read here (ERC-7562): a freeze is told to the EntryPoint as `validAfter`.
        (address owner_, uint48 frozenUntil_) = AccountStorage.ownerAndFreeze();
        validationData = Signatures.isBy(owner_, _ownerDigest(userOpHash), userOp.signature)
            ? uint256(frozenUntil_) << 208
            : SIGNATURE_FAILED;

        // Whether it arrived is for the EntryPoint to check.
        if (missingAccountFunds != 0) {
            assembly ("memory-safe") {
                pop(call(gas(), caller(), missingAccountFunds, 0, 0, 0, 0))
            }
        }
    }

    /// @inheritdoc ICountersignAccount
    function execute(bytes32 mode, bytes calldata executionData) external payable onlySelf {
        if (mode == SINGLE) {
            (address target, uint256 value, bytes calldata data) =
                LibERC7579.decodeSingle(executionData);
            _call(target, value, data);
        } else if (mode == BATCH) {
            bytes32[] calldata calls = LibERC7579.decodeBatch(executionData);
            for (uint256 i; i < calls.length; ++i) {
                (address target, uint256 value, bytes calldata data) =
                    LibERC7579.getExecution(calls, i);
                // To ERC-7821 zero means the account, which is not what the calldata shows.
                if (target == address(0)) revert ZeroTarget(i);
                _call(target, value, data);
            }
        } else {
            revert UnsupportedExecutionMode(mode);
        }
    }

    /// @inheritdoc ICountersignAccount
    function supportsExecutionMode(bytes32 mode) external pure returns (bool) {
        return mode == SINGLE || mode == BATCH;
    }

    /// @inheritdoc ICountersignAccount
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC1271).interfaceId
            || interfaceId == type(IERC721Receiver).interfaceId
            || interfaceId == type(IERC1155Receiver).interfaceId
            || interfaceId == type(IAccount).interfaceId;
    }

    /// @dev What the owner signs for an operation; it differs by EntryPoint version.
    function _ownerDigest(bytes32 userOpHash) internal pure virtual returns (bytes32);

    /// @inheritdoc OwnerGuard
    function _requireSelf() internal view override {
        if (msg.sender != entryPoint && msg.sender != address(this)) {
            revert Unauthorized(msg.sender);
        }
    }

    /// @dev An upgrade could undo a locked owner change, so it waits for it.
    function _authorizeUpgrade(address) internal view override onlySelf unlessLocked {}

    /// @dev The domain of {OwnerGuard-ownerProofDigest} and of ERC-7739 signatures.
    function _domainNameAndVersion()
        internal
        pure
        override
        returns (string memory name, string memory version)
    {
        return ("CountersignAccount", "1");
    }

    /// @dev ERC-7739 is the only way: no caller is trusted to have bound the hash to this account, and
    ///      a node's simulation gets no weaker check than a transaction.
    function _erc1271IsValidSignature(bytes32 hash, bytes calldata signature)
        internal
        view
        override
        returns (bool)
    {
        return !_isFrozen() && _erc1271IsValidSignatureViaNestedEIP712(hash, signature);
    }

    /// @dev `ecrecover` only: the owner's own ERC-1271 is never asked.
    function _erc1271IsValidSignatureNowCalldata(bytes32 hash, bytes calldata signature)
        internal
        view
        override
        returns (bool)
    {
        return Signatures.isBy(owner(), hash, signature);
    }

    /// @dev Nothing asks; the base contract demands it.
    // slither-disable-next-line dead-code
    function _erc1271Signer() internal view override returns (address) {
        return owner();
    }

    /// @dev Calls, or reverts with what the call reverted with. Nothing is returned, so nothing is
    ///      copied (contracts/snapshots/Gas.json has what that saves).
    function _call(address target, uint256 value, bytes calldata data) private {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, data.offset, data.length)
            if iszero(call(gas(), target, value, free, data.length, 0, 0)) {
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
    }
}
