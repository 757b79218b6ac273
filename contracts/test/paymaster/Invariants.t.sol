// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {PaymasterHandler} from "../support/PaymasterHandler.sol";
import {World} from "../support/World.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @notice What holds after any sequence of actions by owners, givers, thieves and time.
contract PaymasterInvariantsTest is World {
    PaymasterHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new PaymasterHandler(paymaster, entryPoint, treasurer);
    }

    /// @dev Read by forge: only the handler is called.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_depositAndStakeAreWhatTheRulesSay() public view {
        assertEq(paymaster.getDeposit(), handler.expectedDeposit());
        assertEq(entryPoint.getDepositInfo(address(paymaster)).stake, handler.expectedStake());
    }

    function invariant_withdrawalsGoWhereTheOwnerSaid() public view {
        assertEq(handler.vault(0).balance, handler.expectedInVault(0));
        assertEq(handler.vault(1).balance, handler.expectedInVault(1));
        assertEq(handler.thief().balance, 0);
        assertEq(address(paymaster).balance, 0);
    }

    function invariant_ownerAndSignerAreWhoTheRulesSay() public view {
        assertEq(Ownable(address(paymaster)).owner(), handler.expectedOwner());
        assertEq(paymaster.signer(), handler.expectedSigner());
    }
}
