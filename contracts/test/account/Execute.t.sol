// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {IOwnerGuard} from "../../src/interfaces/IOwnerGuard.sol";
import {ITarget} from "../support/Targets.sol";
import {World} from "../support/World.sol";
import {LibERC7579} from "solady/accounts/LibERC7579.sol";

contract ExecuteTest is World {
    function test_makesASingleCall() public {
        vm.prank(address(entryPoint));
        account.execute(SINGLE, abi.encodePacked(target, uint256(2), _increment()));

        assertEq(target.count(), 1);
        assertEq(target.lastCaller(), address(account));
        assertEq(target.lastValue(), 2);
    }

    function test_sendsToAnAddressWithoutCode() public {
        vm.prank(address(entryPoint));
        account.execute(SINGLE, abi.encodePacked(address(0xbeef), uint256(2)));

        assertEq(address(0xbeef).balance, 2);
    }

    function test_makesTheCallsOfABatchInOrder() public {
        Call[] memory calls = new Call[](3);
        for (uint256 i; i < 3; ++i) {
            calls[i] = Call(address(target), i, _increment());
            vm.expectEmit(address(target));
            emit ITarget.Counted(address(account), i + 1);
        }
        vm.prank(address(account));
        account.execute(BATCH, abi.encode(calls));

        assertEq(target.lastValue(), 2);
    }

    function test_makesNoCallForAnEmptyBatch() public {
        vm.prank(address(entryPoint));
        account.execute(BATCH, abi.encode(new Call[](0)));

        assertEq(target.count(), 0);
    }

    function test_reverts_whenATargetOfABatchIsZero() public {
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(target), 0, _increment());
        calls[1] = Call(address(0), 0, abi.encodeCall(account.setGuardian, (guardian)));
        vm.prank(address(entryPoint));
        vm.expectRevert(abi.encodeWithSelector(ICountersignAccount.ZeroTarget.selector, 1));
        account.execute(BATCH, abi.encode(calls));

        assertEq(target.count(), 0);
    }

    function test_doesNotTakeTheZeroTargetOfASingleCallForTheAccount() public {
        bytes memory data = abi.encodeCall(account.setGuardian, (guardian));
        vm.prank(address(entryPoint));
        account.execute(SINGLE, abi.encodePacked(address(0), uint256(2), data));

        assertEq(account.guardian(), address(0));
        assertEq(address(0).balance, 2);
    }

    function test_reverts_withTheReasonOfTheCall() public {
        _reverts(
            abi.encodeCall(target.refuse, (9)), abi.encodeWithSelector(ITarget.Refused.selector, 9)
        );
        _reverts(
            abi.encodeCall(target.refuseWithReason, ("no")),
            abi.encodeWithSignature("Error(string)", "no")
        );
        _reverts(abi.encodeCall(target.refuseSilently, ()), "");
    }

    function test_reverts_asAWholeWhenOneCallOfABatchFails() public {
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(target), 0, _increment());
        calls[1] = Call(address(target), 0, abi.encodeCall(target.refuse, (9)));
        vm.prank(address(entryPoint));
        vm.expectRevert(abi.encodeWithSelector(ITarget.Refused.selector, 9));
        account.execute(BATCH, abi.encode(calls));

        assertEq(target.count(), 0);
    }

    function testFuzz_reverts_whenTheModeIsAnother(bytes32 mode) public {
        vm.assume(mode != SINGLE && mode != BATCH);
        _refusesMode(mode);
    }

    function test_reverts_whenTheModeDelegatesTriesStaticcallsOrHasOpData() public {
        _refusesMode(bytes32(bytes1(0xff)));
        _refusesMode(bytes32(bytes1(0xfe)));
        _refusesMode(bytes32(bytes2(0x0001)));
        _refusesMode(bytes32(bytes2(0x0101)));
        _refusesMode(bytes32(bytes10(0x01000000000078210001)));
        _refusesMode(bytes32(bytes10(0x01000000000078210002)));
    }

    function testFuzz_reverts_whenASingleCallIsTooShort(bytes calldata data) public {
        vm.prank(address(entryPoint));
        vm.expectRevert(LibERC7579.DecodingError.selector);
        account.execute(SINGLE, data[:data.length > 51 ? 51 : data.length]);
    }

    function testFuzz_reverts_whenABatchIsCutOff(uint256 length) public {
        Call[] memory calls = new Call[](2);
        calls[0] = Call(address(target), 0, _increment());
        calls[1] = Call(address(target), 0, _increment());
        bytes memory data = abi.encode(calls);
        // The last word has 28 bytes of padding after a selector, which decoding does not need.
        length = bound(length, 0, data.length - 33);
        assembly ("memory-safe") {
            mstore(data, length)
        }
        vm.prank(address(entryPoint));
        vm.expectRevert();
        account.execute(BATCH, data);

        assertEq(target.count(), 0);
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
        uint48 until = account.frozenUntil();
        bytes memory call = abi.encodePacked(target, uint256(0), _increment());
        vm.warp(until - 1);
        vm.prank(address(entryPoint));
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.AccountFrozen.selector, until));
        account.execute(SINGLE, call);

        vm.warp(until);
        vm.prank(address(entryPoint));
        account.execute(SINGLE, call);
        assertEq(target.count(), 1);
    }

    function _refuses(address caller) private {
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwnerGuard.Unauthorized.selector, caller));
        account.execute(SINGLE, abi.encodePacked(target, uint256(0), _increment()));
    }

    function _refusesMode(bytes32 mode) private {
        assertFalse(account.supportsExecutionMode(mode));
        vm.prank(address(entryPoint));
        vm.expectRevert(
            abi.encodeWithSelector(ICountersignAccount.UnsupportedExecutionMode.selector, mode)
        );
        account.execute(mode, abi.encodePacked(target, uint256(0), _increment()));
    }

    function _reverts(bytes memory data, bytes memory reason) private {
        vm.prank(address(entryPoint));
        vm.expectRevert(reason);
        account.execute(SINGLE, abi.encodePacked(target, uint256(0), data));
    }

    function _increment() private pure returns (bytes memory) {
        return abi.encodeCall(ITarget.increment, ());
    }
}
