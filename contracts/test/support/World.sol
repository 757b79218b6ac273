// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {ICountersignAccountFactory} from "../../src/interfaces/ICountersignAccountFactory.sol";
import {ISponsorPaymaster} from "../../src/interfaces/ISponsorPaymaster.sol";
import {EntryPoints, Version} from "./EntryPoints.sol";
import {ITarget, ITestToken} from "./Targets.sol";
import {IEntryPoint} from "@account-abstraction/v08/interfaces/IEntryPoint.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @notice The real EntryPoint of a version with our contracts on it, and how operations are made.
abstract contract World is EntryPoints {
    bytes32 internal constant SINGLE = bytes32(0);
    bytes32 internal constant BATCH = bytes32(bytes1(0x01));
    uint48 internal constant START = 1_700_000_000;
    uint64 internal constant CHAIN = 31_337;

    struct Call {
        address target;
        uint256 value;
        bytes data;
    }

    struct Deployment {
        IEntryPoint entryPoint;
        ICountersignAccountFactory factory;
        ICountersignAccount account;
        ISponsorPaymaster paymaster;
        ITestToken token;
        ITarget target;
    }

    mapping(Version => Deployment) private _worlds;

    Version internal version;
    IEntryPoint internal entryPoint;
    ICountersignAccountFactory internal factory;
    ICountersignAccount internal account;
    ISponsorPaymaster internal paymaster;
    ITestToken internal token;
    ITarget internal target;

    Account internal owner = makeAccount("owner");
    Account internal stranger = makeAccount("stranger");
    Account internal sponsor = makeAccount("sponsor");
    address internal guardian = makeAddr("guardian");
    address internal treasurer = makeAddr("treasurer");
    address internal bundler = makeAddr("bundler");

    /// @dev Runs a test once on each EntryPoint.
    modifier onEveryVersion() {
        for (uint256 i; i < 3; ++i) {
            _enter(Version(i));
            _;
        }
    }

    function setUp() public virtual {
        for (uint256 i = 3; i > 0; --i) {
            _build(Version(i - 1));
        }
        _enter(Version.V08);
    }

    function _enter(Version version_) internal {
        vm.warp(START);
        vm.chainId(CHAIN);
        version = version_;
        entryPoint = _worlds[version_].entryPoint;
        factory = _worlds[version_].factory;
        account = _worlds[version_].account;
        paymaster = _worlds[version_].paymaster;
        token = _worlds[version_].token;
        target = _worlds[version_].target;
    }

    function _build(Version version_) private {
        version = version_;
        entryPoint = _deployEntryPoint(version_);
        factory = ICountersignAccountFactory(
            deployCode(
                "CountersignAccountFactory.sol", abi.encode(_newImplementation(address(entryPoint)))
            )
        );
        account = ICountersignAccount(factory.createAccount(owner.addr, 0));
        paymaster = _newPaymaster(address(entryPoint), treasurer, sponsor.addr);
        vm.deal(address(account), 10 ether);
        vm.deal(treasurer, 100 ether);
        vm.startPrank(treasurer);
        paymaster.deposit{value: 10 ether}();
        paymaster.addStake{value: 1 ether}(1 days);
        vm.stopPrank();
        token = ITestToken(deployCode("TestToken.sol"));
        target = ITarget(deployCode("Target.sol"));
        _worlds[version_] = Deployment(entryPoint, factory, account, paymaster, token, target);
    }

    function _newImplementation(address at) internal returns (address) {
        return deployCode(string.concat("CountersignAccount", _name(), ".sol"), abi.encode(at));
    }

    function _newPaymaster(address at, address by, address signer)
        internal
        returns (ISponsorPaymaster)
    {
        return ISponsorPaymaster(
            deployCode(
                string.concat("SponsorPaymaster", _name(), ".sol"), abi.encode(at, by, signer)
            )
        );
    }

    function _name() private view returns (string memory) {
        return version == Version.V07 ? "V07" : version == Version.V08 ? "V08" : "V09";
    }

    /// @dev An operation of the account, not signed and not sponsored.
    function _op(bytes memory callData) internal view returns (PackedUserOperation memory op) {
        op.sender = address(account);
        op.nonce = entryPoint.getNonce(address(account), 0);
        op.callData = callData;
        op.accountGasLimits = bytes32(uint256(300_000) << 128 | 500_000);
        op.preVerificationGas = 50_000;
        op.gasFees = bytes32(uint256(1 gwei) << 128 | 2 gwei);
    }

    function _single(address to, uint256 value, bytes memory data)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(
            ICountersignAccount.execute, (SINGLE, abi.encodePacked(to, value, data))
        );
    }

    function _batch(Call[] memory calls) internal pure returns (bytes memory) {
        return abi.encodeCall(ICountersignAccount.execute, (BATCH, abi.encode(calls)));
    }

    /// @dev What the owner signs for an operation.
    function _ownerDigest(PackedUserOperation memory op) internal view returns (bytes32) {
        bytes32 hash = entryPoint.getUserOpHash(op);
        return version == Version.V07 ? MessageHashUtils.toEthSignedMessageHash(hash) : hash;
    }

    function _signed(PackedUserOperation memory op)
        internal
        view
        returns (PackedUserOperation memory)
    {
        op.signature = _signature(owner, _ownerDigest(op));
        return op;
    }

    function _signature(Account memory by, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(by.key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Sponsors an operation, before its owner signs it.
    function _sponsored(PackedUserOperation memory op, uint48 validUntil, uint48 validAfter)
        internal
        view
        returns (PackedUserOperation memory)
    {
        op.paymasterAndData = abi.encodePacked(address(paymaster), uint128(200_000), uint128(0));
        bytes32 digest = paymaster.approvalDigest(op, validUntil, validAfter);
        op.paymasterAndData = _paymasterAndData(validUntil, validAfter, _signature(sponsor, digest));
        return op;
    }

    function _paymasterAndData(uint48 validUntil, uint48 validAfter, bytes memory signature)
        internal
        view
        returns (bytes memory data)
    {
        data = abi.encodePacked(
            address(paymaster), uint128(200_000), uint128(0), validUntil, validAfter, signature
        );
        if (version == Version.V09) {
            data = bytes.concat(data, bytes2(uint16(signature.length)), hex"22e325a297439656");
        }
    }

    function _handle(PackedUserOperation memory op) internal {
        PackedUserOperation[] memory ops = new PackedUserOperation[](1);
        ops[0] = op;
        vm.prank(bundler, bundler);
        entryPoint.handleOps(ops, payable(bundler));
    }

    /// @dev Gives the account its first guardian.
    function _setGuardian() internal {
        vm.prank(address(account));
        account.setGuardian(guardian);
    }

    function _proof(Account memory newOwner) internal view returns (bytes memory) {
        return _signature(newOwner, account.ownerProofDigest(newOwner.addr));
    }
}
