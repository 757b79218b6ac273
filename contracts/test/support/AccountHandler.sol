// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {IEntryPoint} from "@account-abstraction/v08/interfaces/IEntryPoint.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdCheatsSafe} from "forge-std/StdCheats.sol";
import {StdUtils} from "forge-std/StdUtils.sol";
import {UUPSUpgradeable} from "solady/utils/UUPSUpgradeable.sol";

/// @notice Acts on an account as its owner, its guardian, a stranger and time do, and keeps a model of
///         who should own and guard it.
contract AccountHandler is CommonBase, StdCheatsSafe, StdUtils {
    ICountersignAccount private immutable account;
    IEntryPoint private immutable entryPoint;
    Account[3] private people;
    address[3] private guardians;
    address[2] private implementations;

    address public expectedOwner;
    address public expectedGuardian;
    uint32 public proofsUsed;
    address public expectedImplementation;
    uint256 public actionsWhileFrozen;
    uint256 public attemptsWhileLocked;
    bool public freezesWereApart = true;

    uint48 private lastFreezeEnd;
    address private lastFreezer;

    constructor(
        ICountersignAccount account_,
        IEntryPoint entryPoint_,
        Account memory owner,
        address guardian,
        address[2] memory implementations_
    ) {
        (account, entryPoint) = (account_, entryPoint_);
        people[0] = owner;
        people[1] = makeAccount("second owner");
        people[2] = makeAccount("third owner");
        guardians = [guardian, makeAddr("second guardian"), address(0)];
        implementations = implementations_;
        expectedOwner = owner.addr;
        expectedImplementation = implementations_[0];
    }

    function passTime(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 9 days));
    }

    function rotateOwner(uint256 to) external {
        Account memory next = people[to % 3];
        bytes memory call = abi.encodeCall(account.rotateOwner, (next.addr, _proof(next, next)));
        if (_selfUnlessLocked(call)) {
            expectedOwner = next.addr;
            ++proofsUsed;
        }
    }

    function rotateOwnerWithAnothersProof(uint256 to) external {
        Account memory next = people[to % 3];
        _self(
            abi.encodeCall(account.rotateOwner, (next.addr, _proof(next, people[(to % 3 + 1) % 3])))
        );
    }

    function setGuardian(uint256 to) external {
        bool first = account.guardian() == address(0);
        address next = guardians[to % 3];
        bool ok = _selfUnlessLocked(abi.encodeCall(account.setGuardian, (next)));
        if (ok && first) expectedGuardian = next;
    }

    function completeGuardianChange() external {
        (address next,) = account.pendingGuardian();
        if (_selfUnlessLocked(abi.encodeCall(account.completeGuardianChange, ()))) {
            expectedGuardian = next;
            lastFreezer = address(0);
        }
    }

    function cancelGuardianChange() external {
        _self(abi.encodeCall(account.cancelGuardianChange, ()));
    }

    function cancelOwnerChangeAsOwner() external {
        _selfUnlessLocked(abi.encodeCall(account.cancelOwnerChange, ()));
    }

    function upgrade(uint256 to) external {
        address next = implementations[to % 2];
        if (_selfUnlessLocked(abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (next, bytes("")))))
        {
            expectedImplementation = next;
        }
    }

    function cancelOwnerChangeAsGuardian() external {
        _guardian(abi.encodeCall(account.cancelOwnerChange, ()));
    }

    function proposeOwnerChange(uint256 to) external {
        Account memory next = people[to % 3];
        bytes memory proof = _proof(next, next);
        if (_guardian(abi.encodeCall(account.proposeOwnerChange, (next.addr, proof)))) {
            ++proofsUsed;
        }
    }

    function completeOwnerChange(uint256 by) external {
        (address next,,) = account.pendingOwner();
        vm.prank(people[by % 3].addr);
        try account.completeOwnerChange() {
            expectedOwner = next;
        } catch {}
    }

    function freeze() public {
        if (!_guardian(abi.encodeCall(account.freeze, ()))) return;
        // The cooldown binds a guardian to its own freezes; a new one starts afresh.
        if (account.guardian() == lastFreezer && block.timestamp < lastFreezeEnd + 7 days) {
            freezesWereApart = false;
        }
        (lastFreezer, lastFreezeEnd) = (account.guardian(), account.frozenUntil());
    }

    /// @dev What locks an owner change, and then the end of the freeze with the lock still there.
    function lockAndWait(uint256 to) external {
        Account memory next = people[to % 3];
        bytes memory proof = _proof(next, next);
        if (_guardian(abi.encodeCall(account.proposeOwnerChange, (next.addr, proof)))) {
            ++proofsUsed;
        }
        freeze();
        if (account.frozenUntil() > block.timestamp) vm.warp(account.frozenUntil());
    }

    function unfreeze() external {
        _guardian(abi.encodeCall(account.unfreeze, ()));
    }

    /// @dev A stranger tries everything; a success would show in the model.
    function trespass(uint256 which) external {
        Account memory thief = makeAccount("thief");
        bytes[7] memory calls = [
            abi.encodeCall(account.rotateOwner, (thief.addr, _proof(thief, thief))),
            abi.encodeCall(account.proposeOwnerChange, (thief.addr, _proof(thief, thief))),
            abi.encodeCall(account.setGuardian, (thief.addr)),
            abi.encodeCall(account.initialize, (thief.addr)),
            abi.encodeCall(account.freeze, ()),
            abi.encodeCall(account.completeGuardianChange, ()),
            abi.encodeCall(
                UUPSUpgradeable.upgradeToAndCall, (implementations[which % 2], bytes(""))
            )
        ];
        vm.prank(thief.addr);
        (bool ok,) = address(account).call(calls[which % 7]);
        require(!ok, "a stranger succeeded");
    }

    /// @dev For what the account itself must not do while a locked owner change is pending.
    function _selfUnlessLocked(bytes memory call) private returns (bool ok) {
        (,, bool locked) = account.pendingOwner();
        ok = _self(call);
        require(!(ok && locked), "the account itself escaped a lock");
        if (locked) ++attemptsWhileLocked;
    }

    function _self(bytes memory call) private returns (bool ok) {
        bool frozen = block.timestamp < account.frozenUntil();
        vm.prank(address(entryPoint));
        (ok,) = address(account).call(call);
        if (ok && frozen) ++actionsWhileFrozen;
    }

    function _guardian(bytes memory call) private returns (bool ok) {
        address guardian = account.guardian();
        if (guardian == address(0)) return false;
        vm.prank(guardian);
        (ok,) = address(account).call(call);
    }

    function _proof(Account memory next, Account memory by) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(by.key, account.ownerProofDigest(next.addr));
        return abi.encodePacked(r, s, v);
    }
}
