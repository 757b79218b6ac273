// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {World} from "../support/World.sol";
import {CallContextChecker} from "solady/utils/CallContextChecker.sol";
import {UUPSUpgradeable} from "solady/utils/UUPSUpgradeable.sol";

contract UpgradeToAndCallTest is World {
    bytes32 private constant IMPLEMENTATION_SLOT =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    address private next;

    function setUp() public override {
        super.setUp();
        next = deployCode("CountersignAccountV07.sol", abi.encode(entryPoint));
    }

    function test_changesTheImplementationAndKeepsTheState() public {
        _setGuardian();
        vm.expectEmit(address(account));
        emit UUPSUpgradeable.Upgraded(next);

        _handle(_signed(_op(_upgrade(next, ""))));

        assertEq(vm.load(address(account), IMPLEMENTATION_SLOT), bytes32(uint256(uint160(next))));
        assertEq(account.owner(), owner.addr);
        assertEq(account.guardian(), guardian);
    }

    function test_callsTheNewImplementation() public {
        vm.prank(address(account));
        UUPSUpgradeable(address(account))
            .upgradeToAndCall(next, abi.encodeCall(account.supportsExecutionMode, (SINGLE)));

        assertEq(vm.load(address(account), IMPLEMENTATION_SLOT), bytes32(uint256(uint160(next))));
    }

    function test_keepsItsStateAtTheErc7201Slot() public view {
        bytes32 slot = keccak256(abi.encode(uint256(keccak256("countersign.storage.Account")) - 1))
            & ~bytes32(uint256(0xff));

        assertEq(address(uint160(uint256(vm.load(address(account), slot)))), owner.addr);
        for (uint256 i; i < 16; ++i) {
            assertEq(vm.load(address(account), bytes32(i)), 0);
        }
    }

    function testFuzz_reverts_whenTheCallerIsAnother(address caller) public {
        vm.assume(caller != address(entryPoint) && caller != address(account));
        _refuses(caller);
    }

    function test_reverts_whenTheCallerIsTheOwnerOrTheGuardian() public {
        _setGuardian();
        _refuses(owner.addr);
        _refuses(guardian);
    }

    function test_reverts_whileFrozen() public {
        _setGuardian();
        vm.prank(guardian);
        account.freeze();
        bytes memory frozen =
            abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, account.frozenUntil());
        vm.prank(address(entryPoint));
        vm.expectRevert(frozen);
        UUPSUpgradeable(address(account)).upgradeToAndCall(next, "");
    }

    function test_reverts_whileAnOwnerChangeIsLocked() public {
        _setGuardian();
        bytes memory proof = _proof(stranger);
        vm.startPrank(guardian);
        account.proposeOwnerChange(stranger.addr, proof);
        account.freeze();
        vm.stopPrank();
        vm.warp(account.frozenUntil());
        vm.prank(address(entryPoint));
        vm.expectRevert(
            abi.encodeWithSelector(IOwnerGuard.OwnerChangeLocked.selector, stranger.addr)
        );
        UUPSUpgradeable(address(account)).upgradeToAndCall(next, "");
    }

    function test_reverts_whenTheNewImplementationIsNone() public {
        vm.prank(address(entryPoint));
        vm.expectRevert(UUPSUpgradeable.UpgradeFailed.selector);
        UUPSUpgradeable(address(account)).upgradeToAndCall(address(target), "");
    }

    function test_reverts_whenTheNewImplementationIsAProxy() public {
        address proxy = factory.createAccount(owner.addr, 1);
        vm.prank(address(entryPoint));
        vm.expectRevert(UUPSUpgradeable.UpgradeFailed.selector);
        UUPSUpgradeable(address(account)).upgradeToAndCall(proxy, "");
    }

    function test_reverts_whenCalledOnTheImplementation() public {
        UUPSUpgradeable implementation = UUPSUpgradeable(factory.implementation());
        vm.prank(address(entryPoint));
        vm.expectRevert(CallContextChecker.UnauthorizedCallContext.selector);
        implementation.upgradeToAndCall(next, "");
    }

    function _refuses(address caller) private {
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        UUPSUpgradeable(address(account)).upgradeToAndCall(next, "");
    }

    function _upgrade(address to, bytes memory data) private pure returns (bytes memory) {
        return abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (to, data));
    }
}
