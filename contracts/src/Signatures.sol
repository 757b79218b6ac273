// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ECDSA} from "solady/utils/ECDSA.sol";

/// @notice The one way in which signatures are checked here: `ecrecover`, and nothing else.
library Signatures {
    /// @notice The length of `r ‖ s ‖ v`.
    uint256 internal constant LENGTH = 65;

    /// @notice Half of the group's order. A greater `s` would give each signature a twin.
    uint256 private constant MAX_S =
        0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice Returns whether `signature` of `digest` is by `by`. Never reverts: a length other than 65,
    ///         a high `s` and a `v` other than 27 or 28 are nobody's, and zero signs nothing.
    /// @param by        Who should have signed.
    /// @param digest    What should have been signed.
    /// @param signature `r ‖ s ‖ v`.
    function isBy(address by, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        if (signature.length != LENGTH) return false;
        uint256 s;
        assembly ("memory-safe") {
            s := calldataload(add(signature.offset, 32))
        }
        return s <= MAX_S && ECDSA.tryRecoverCalldata(digest, signature) == by && by != address(0);
    }
}
