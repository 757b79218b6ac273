// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {World} from "../support/World.sol";
import {CallContextChecker} from "solady/utils/CallContextChecker.sol";
import {LibClone} from "solady/utils/LibClone.sol";

contract InitializeTest is World {
    function test_givesANewProxyItsOwner() public {
        ICountersignAccount fresh = _proxy();
        vm.expectEmit(address(fresh));
        emit IOwnerGuard.OwnerChanged(address(0), stranger.addr);

        fresh.initialize(stranger.addr);

        assertEq(fresh.owner(), stranger.addr);
        assertEq(fresh.guardian(), address(0));
        assertEq(fresh.ownerNonce(), 0);
        assertEq(fresh.frozenUntil(), 0);
        assertEq(fresh.entryPoint(), address(entryPoint));
    }

    function test_reverts_whenItHasAnOwner() public {
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.AlreadyInitialized.selector, owner.addr));
        account.initialize(stranger.addr);
    }

    function test_reverts_whenTheOwnerIsZero() public {
        ICountersignAccount fresh = _proxy();
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.InvalidOwner.selector, address(0)));
        fresh.initialize(address(0));
    }

    function test_reverts_whenTheOwnerIsTheAccount() public {
        ICountersignAccount fresh = _proxy();
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.InvalidOwner.selector, address(fresh)));
        fresh.initialize(address(fresh));
    }

    function test_reverts_whenCalledOnTheImplementation() public {
        ICountersignAccount implementation = ICountersignAccount(factory.implementation());
        vm.expectRevert(CallContextChecker.UnauthorizedCallContext.selector);
        implementation.initialize(stranger.addr);
    }

    function test_reverts_whenAnEoaDelegatesToTheImplementation() public onEveryVersion {
        vm.signAndAttachDelegation(factory.implementation(), stranger.key);
        ICountersignAccount delegated = ICountersignAccount(stranger.addr);
        vm.prank(bundler);
        vm.expectRevert(CallContextChecker.UnauthorizedCallContext.selector);
        delegated.initialize(bundler);

        assertEq(delegated.owner(), address(0));
    }

    function _proxy() private returns (ICountersignAccount) {
        return ICountersignAccount(LibClone.deployERC1967(factory.implementation()));
    }
}
