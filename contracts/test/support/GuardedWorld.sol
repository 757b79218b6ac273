// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "./World.sol";

/// @notice A world whose account has a guardian.
abstract contract GuardedWorld is World {
    /// @dev When an owner change that is proposed at the start may be completed.
    uint48 internal constant READY = START + 3 days;

    function setUp() public virtual override {
        super.setUp();
        _setGuardian();
    }

    function _propose() internal {
        bytes memory proof = _proof(stranger);
        vm.prank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);
    }

    function _freeze() internal {
        vm.prank(guardian);
        account.freeze();
    }

    function _assertPending(address newOwner, uint48 readyAt, bool locked) internal view {
        (address pending, uint48 at, bool isLocked) = account.pendingOwner();
        assertEq(pending, newOwner);
        assertEq(at, readyAt);
        assertEq(isLocked, locked);
    }
}
