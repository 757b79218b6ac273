// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {AccountHandler} from "../support/AccountHandler.sol";
import {World} from "../support/World.sol";

/// @notice What holds after any sequence of actions by owner, guardian, strangers and time.
contract InvariantsTest is World {
    AccountHandler private handler;

    function setUp() public override {
        super.setUp();
        address[2] memory implementations =
            [factory.implementation(), _newImplementation(address(entryPoint))];
        handler = new AccountHandler(account, entryPoint, owner, guardian, implementations);
    }

    /// @dev Read by forge: only the handler is called.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_ownerIsWhoTheRulesSay() public view {
        assertEq(account.owner(), handler.expectedOwner());
    }

    function invariant_guardianIsWhoTheRulesSay() public view {
        assertEq(account.guardian(), handler.expectedGuardian());
    }

    function invariant_implementationIsWhichTheRulesSay() public view {
        bytes32 slot = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
        bytes32 implementation = vm.load(address(account), slot);
        assertEq(address(uint160(uint256(implementation))), handler.expectedImplementation());
    }

    function invariant_eachProofCountsOnce() public view {
        assertEq(account.ownerNonce(), handler.proofsUsed());
    }

    function invariant_freezesAreBoundedAndApart() public view {
        assertLe(account.frozenUntil(), block.timestamp + account.FREEZE_PERIOD());
        assertTrue(handler.freezesWereApart());
    }

    function invariant_aLockBelongsToAPendingChange() public view {
        (address pending, uint48 readyAt, bool locked) = account.pendingOwner();
        assertTrue(!locked || pending != address(0));
        assertEq(pending == address(0), readyAt == 0);
    }

    function invariant_aFrozenAccountDoesNothing() public view {
        assertEq(handler.actionsWhileFrozen(), 0);
    }
}
