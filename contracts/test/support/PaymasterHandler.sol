// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ISponsorPaymaster} from "../../src/interfaces/ISponsorPaymaster.sol";
import {IEntryPoint} from "@account-abstraction/v08/interfaces/IEntryPoint.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdCheatsSafe} from "forge-std/StdCheats.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

/// @notice Acts on a paymaster as its owners, a giver, a thief and time do, and keeps a model of where
///         deposit and stake should be.
contract PaymasterHandler is CommonBase, StdCheatsSafe, StdUtils {
    ISponsorPaymaster private immutable paymaster;
    IEntryPoint private immutable entryPoint;
    address[2] private owners;
    address[2] private vaults;

    address public immutable thief = makeAddr("thief");
    address public expectedOwner;
    address public expectedSigner;
    uint256 public expectedDeposit;
    uint256 public expectedStake;
    uint256[2] public expectedInVault;

    constructor(ISponsorPaymaster paymaster_, IEntryPoint entryPoint_, address owner) {
        (paymaster, entryPoint) = (paymaster_, entryPoint_);
        owners = [owner, makeAddr("second owner")];
        vaults = [makeAddr("first vault"), makeAddr("second vault")];
        expectedOwner = owner;
        expectedSigner = paymaster.signer();
        expectedDeposit = paymaster.getDeposit();
        expectedStake = entryPoint.getDepositInfo(address(paymaster)).stake;
    }

    function vault(uint256 index) external view returns (address) {
        return vaults[index];
    }

    function passTime(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 2 days));
    }

    function deposit(uint256 amount) external {
        amount = bound(amount, 0, 10 ether);
        if (_owner(abi.encodeCall(paymaster.deposit, ()), amount)) expectedDeposit += amount;
    }

    /// @dev Anyone may give, at the EntryPoint itself.
    function give(uint256 amount) external {
        amount = bound(amount, 0, 10 ether);
        vm.deal(address(this), amount);
        entryPoint.depositTo{value: amount}(address(paymaster));
        expectedDeposit += amount;
    }

    function withdrawTo(uint256 to, uint256 amount) external {
        amount = bound(amount, 0, 12 ether);
        bytes memory call = abi.encodeCall(paymaster.withdrawTo, (payable(vaults[to % 2]), amount));
        if (_owner(call, 0)) {
            expectedDeposit -= amount;
            expectedInVault[to % 2] += amount;
        }
    }

    function addStake(uint256 amount) external {
        amount = bound(amount, 0, 10 ether);
        if (_owner(abi.encodeCall(paymaster.addStake, (1 days)), amount)) expectedStake += amount;
    }

    function unlockStake() external {
        _owner(abi.encodeCall(paymaster.unlockStake, ()), 0);
    }

    function withdrawStake(uint256 to) external {
        if (_owner(abi.encodeCall(paymaster.withdrawStake, (payable(vaults[to % 2]))), 0)) {
            expectedInVault[to % 2] += expectedStake;
            expectedStake = 0;
        }
    }

    function setSigner(uint256 to) external {
        address next = owners[to % 2];
        if (_owner(abi.encodeCall(paymaster.setSigner, (next)), 0)) expectedSigner = next;
    }

    function moveOwnership(uint256 to) external {
        address next = owners[to % 2];
        _owner(abi.encodeCall(Ownable2Step.transferOwnership, (next)), 0);
        vm.prank(next);
        Ownable2Step(address(paymaster)).acceptOwnership();
        expectedOwner = next;
    }

    /// @dev Somebody who is not the owner tries everything; a former owner is such a one.
    function trespass(uint256 which, bool former) external {
        address by = former ? _formerOwner() : thief;
        bytes[8] memory calls = [
            abi.encodeCall(paymaster.withdrawTo, (payable(by), 1)),
            abi.encodeCall(paymaster.withdrawStake, (payable(by))),
            abi.encodeCall(paymaster.unlockStake, ()),
            abi.encodeCall(paymaster.addStake, (2 days)),
            abi.encodeCall(paymaster.deposit, ()),
            abi.encodeCall(paymaster.setSigner, (by)),
            abi.encodeCall(Ownable2Step.transferOwnership, (by)),
            abi.encodeCall(Ownable2Step.acceptOwnership, ())
        ];
        vm.prank(by);
        (bool ok,) = address(paymaster).call(calls[which % 8]);
        require(!ok, "somebody who is not the owner succeeded");
    }

    function _formerOwner() private view returns (address) {
        return owners[0] == expectedOwner ? owners[1] : owners[0];
    }

    function _owner(bytes memory call, uint256 value) private returns (bool ok) {
        vm.deal(expectedOwner, value);
        vm.prank(expectedOwner);
        (ok,) = address(paymaster).call{value: value}(call);
    }
}
