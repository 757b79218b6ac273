// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "./World.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {VmSafe} from "forge-std/Vm.sol";

/// @notice The rules of ERC-7562 that concern an account, a factory and a staked paymaster, checked on
///         every step of `handleOps` up to `BeforeExecution` that is not the EntryPoint's own.
abstract contract ValidationRules is World {
    bytes32 private constant BEFORE_EXECUTION = keccak256("BeforeExecution()");

    /// @dev What validation may use, of all that an operation and its paymaster ask for.
    uint256 internal constant MAX_VERIFICATION_GAS = 500_000;

    /// @dev Runs an operation and returns the steps of its validation. What it did is undone, so that
    ///      the addresses that have code are those that had it before.
    function _traceOf(PackedUserOperation memory op)
        internal
        returns (VmSafe.DebugStep[] memory steps)
    {
        uint256 before = vm.snapshotState();
        vm.startDebugTraceRecording();
        _handle(op);
        steps = vm.stopAndReturnDebugTraceRecording();
        vm.revertToState(before);
        for (uint256 i; i < steps.length; ++i) {
            bool log1 = steps[i].opcode == 0xa1 && steps[i].contractAddr == address(entryPoint);
            if (log1 && bytes32(steps[i].stack[2]) == BEFORE_EXECUTION) {
                assembly ("memory-safe") {
                    mstore(steps, i)
                }
                return steps;
            }
        }
        revert("no BeforeExecution in the trace");
    }

    function _assertRules(VmSafe.DebugStep[] memory steps, PackedUserOperation memory op)
        internal
        view
    {
        assertEq(_firstBroken(steps, op), "");
    }

    /// @dev The first rule that the operation or its steps break; empty if none.
    function _firstBroken(VmSafe.DebugStep[] memory steps, PackedUserOperation memory op)
        internal
        view
        returns (string memory)
    {
        // The EntryPoint holds validation to these limits, so what ran stayed below their sum.
        if (_verificationGas(op) > MAX_VERIFICATION_GAS) return "verification gas";
        uint256 seen;
        uint256 creations;
        // The depth at which the factory creates the sender, and the step from which it has code.
        uint256 creatingAt;
        bool created;
        for (uint256 i; i < steps.length; ++i) {
            if (creatingAt != 0 && steps[i].depth <= creatingAt) (creatingAt, created) = (0, true);
            address at = steps[i].contractAddr;
            if (!_isEntity(at)) continue;
            ++seen;
            uint8 opcode = steps[i].opcode;
            if (_isForbidden(opcode)) {
                return string.concat("forbidden opcode ", Strings.toHexString(opcode));
            }
            // GAS only right before a call (OP-012).
            if (opcode == 0x5a && !_isCall(steps[i + 1].opcode)) return "GAS without a call";
            // Out of gas is forbidden (OP-020).
            if (steps[i].isOutOfGas) return "out of gas";
            // One CREATE2, of the sender, by the factory (OP-031).
            if (opcode == 0xf5) {
                if (at != address(factory) || ++creations > 1) return "CREATE2";
                creatingAt = steps[i].depth;
            }
            // Storage: the sender's own, and the staked paymaster's own (STO-010, STO-031).
            bool own = at == op.sender || at == address(paymaster);
            if (_isStorage(opcode) && !own) return "storage of another contract";
            if (_isCodeRead(opcode)) {
                // Only what has code at this step may be looked at (OP-041); a contract may ask whether
                // there is any (OP-051), and the factory whether the sender exists (OP-042).
                bool asks = opcode == 0x3b && steps[i + 1].opcode == 0x15;
                address read = address(uint160(steps[i].stack[0]));
                bool senders = read == op.sender && at == address(factory);
                if (!asks && !senders && !_hasCode(read, op, created)) return "code of no code";
            }
            if (_isCall(opcode)) {
                string memory broken = _brokenCall(steps[i], op, created);
                if (bytes(broken).length != 0) return broken;
            }
        }
        return seen == 0 ? "nothing was traced" : "";
    }

    /// @dev Calls go to code or precompiles (OP-041, OP-062), carry value to the EntryPoint only
    ///      (OP-061), and call nothing of the EntryPoint but its fallback (OP-052).
    function _brokenCall(VmSafe.DebugStep memory step, PackedUserOperation memory op, bool created)
        private
        view
        returns (string memory)
    {
        address to = address(uint160(step.stack[1]));
        bool withValue = step.opcode == 0xf1 || step.opcode == 0xf2;
        if (withValue && step.stack[2] != 0 && to != address(entryPoint)) return "call with value";
        if (to == address(entryPoint)) {
            return withValue && step.memoryInput.length == 0 ? "" : "call into the EntryPoint";
        }
        bool precompile = uint160(to) > 0 && uint160(to) < 10;
        return precompile || _hasCode(to, op, created) ? "" : "call of no code";
    }

    /// @dev Whether an address has code at a step: from before, or the sender once it is created.
    function _hasCode(address at, PackedUserOperation memory op, bool created)
        private
        view
        returns (bool)
    {
        return at.code.length != 0 || (created && at == op.sender);
    }

    function _verificationGas(PackedUserOperation memory op) private pure returns (uint256 gas) {
        gas = uint256(op.accountGasLimits) >> 128;
        if (op.paymasterAndData.length != 0) {
            bytes memory data = op.paymasterAndData;
            uint256 limits;
            assembly ("memory-safe") {
                limits := mload(add(data, 52))
            }
            gas += limits >> 128;
        }
    }

    /// @dev Whether rules apply to the steps at an address: everywhere but in the EntryPoint, its
    ///      SenderCreator and whoever called `handleOps`.
    function _isEntity(address at) private view returns (bool) {
        return at != address(entryPoint) && at != _senderCreator() && at != address(this)
            && at != bundler && at != address(vm);
    }

    function _senderCreator() private view returns (address) {
        // The EntryPoint's first creation.
        return address(
            uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(entryPoint), hex"01"))))
        );
    }

    /// @dev The opcodes of OP-011 and OP-080.
    function _isForbidden(uint8 opcode) private pure returns (bool) {
        return opcode == 0x31 // BALANCE
            || opcode == 0x32 // ORIGIN
            || opcode == 0x3a // GASPRICE
            || (opcode >= 0x40 && opcode <= 0x45) // BLOCKHASH to GASLIMIT
            || opcode == 0x47 // SELFBALANCE
            || opcode == 0x48 // BASEFEE
            || opcode == 0x49 // BLOBHASH
            || opcode == 0x4a // BLOBBASEFEE
            || opcode == 0xf0 // CREATE
            || opcode == 0xfe // INVALID
            || opcode == 0xff; // SELFDESTRUCT
    }

    function _isCodeRead(uint8 opcode) private pure returns (bool) {
        return opcode == 0x3b || opcode == 0x3c || opcode == 0x3f;
    }

    function _isCall(uint8 opcode) private pure returns (bool) {
        return opcode == 0xf1 || opcode == 0xf2 || opcode == 0xf4 || opcode == 0xfa;
    }

    function _isStorage(uint8 opcode) private pure returns (bool) {
        return opcode == 0x54 || opcode == 0x55 || opcode == 0x5c || opcode == 0x5d;
    }
}
