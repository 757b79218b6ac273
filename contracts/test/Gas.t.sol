// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "./support/World.sol";
import {PackedUserOperation} from "@account-abstraction/v08/interfaces/PackedUserOperation.sol";

/// @notice The reference account's factory, as published for EntryPoint 0.8.
interface ISimpleAccountFactory {
    function createAccount(address owner, uint256 salt) external returns (address);
    function getAddress(address owner, uint256 salt) external view returns (address);
}

/// @notice The reference account, as published for EntryPoint 0.8.
interface ISimpleAccount {
    function execute(address target, uint256 value, bytes calldata data) external;
}

/// @notice What an operation costs, the whole transaction with its calldata, beside SimpleAccount on
///         the same EntryPoint 0.8 with the same paymaster. contracts/snapshots/Gas.json has the figures.
/// forge-config: default.isolate = true
contract GasTest is World {
    ISimpleAccountFactory private simpleFactory;
    address private simple;
    address payable private receiver = payable(makeAddr("receiver"));

    function setUp() public override {
        super.setUp();
        simpleFactory = ISimpleAccountFactory(
            deployCode(
                string.concat(ARTIFACTS, "08/artifacts/SimpleAccountFactory.json"),
                abi.encode(entryPoint)
            )
        );
        simple = simpleFactory.getAddress(owner.addr, 0);
        token.mint(receiver, 1);
        vm.deal(receiver, 1);
        vm.deal(bundler, 1 ether);
        _fund(address(account));
        _fund(simple);
        // Both accounts have lived a little: a deposit, a nonce and tokens, so that no row pays for that.
        _send(_ours(receiver, 1, ""));
        _send(_deploying(_theirs(receiver, 1, "")));
    }

    function test_createAndFirstOperationCostsNoMoreThanSimpleAccount() public {
        PackedUserOperation memory ours = _ours(receiver, 1, "");
        ours.sender = factory.getAddress(owner.addr, 1);
        ours.nonce = 0;
        ours.initCode = abi.encodePacked(
            address(factory), abi.encodeCall(factory.createAccount, (owner.addr, 1))
        );
        PackedUserOperation memory theirs = _theirs(receiver, 1, "");
        theirs.sender = simpleFactory.getAddress(owner.addr, 1);
        theirs.nonce = 0;
        theirs.initCode = abi.encodePacked(
            address(simpleFactory), abi.encodeCall(simpleFactory.createAccount, (owner.addr, 1))
        );
        _fund(ours.sender);
        _fund(theirs.sender);

        _compare("create + first operation", ours, theirs);
    }

    function test_nativeTransferCostsNoMoreThanSimpleAccount() public {
        _compare("native transfer", _ours(receiver, 1, ""), _theirs(receiver, 1, ""));
    }

    function test_erc20TransferCostsNoMoreThanSimpleAccount() public {
        bytes memory transfer = abi.encodeCall(token.transfer, (receiver, 1));

        _compare(
            "ERC-20 transfer",
            _ours(address(token), 0, transfer),
            _theirs(address(token), 0, transfer)
        );
    }

    function test_sponsoredErc20TransferCostsNoMoreThanSimpleAccount() public {
        bytes memory transfer = abi.encodeCall(token.transfer, (receiver, 1));

        _compare(
            "sponsored ERC-20 transfer",
            _sponsored(_ours(address(token), 0, transfer), START + 60, START - 60),
            _sponsored(_theirs(address(token), 0, transfer), START + 60, START - 60)
        );
    }

    function _compare(
        string memory row,
        PackedUserOperation memory ours,
        PackedUserOperation memory theirs
    ) private {
        uint256 countersign = _send(ours);
        uint256 simpleAccount = _send(theirs);
        vm.snapshotValue("Gas", string.concat(row, ": CountersignAccount"), countersign);
        vm.snapshotValue("Gas", string.concat(row, ": SimpleAccount"), simpleAccount);
        assertLe(countersign, simpleAccount);
    }

    function _send(PackedUserOperation memory op) private returns (uint256 gas) {
        _handle(_signed(op));
        return vm.lastCallGas().gasTotalUsed;
    }

    function _ours(address to, uint256 value, bytes memory data)
        private
        view
        returns (PackedUserOperation memory)
    {
        return _op(_single(to, value, data));
    }

    function _theirs(address to, uint256 value, bytes memory data)
        private
        view
        returns (PackedUserOperation memory op)
    {
        op = _op(abi.encodeCall(ISimpleAccount.execute, (to, value, data)));
        op.sender = simple;
        op.nonce = entryPoint.getNonce(simple, 0);
    }

    function _deploying(PackedUserOperation memory op)
        private
        view
        returns (PackedUserOperation memory)
    {
        op.initCode = abi.encodePacked(
            address(simpleFactory), abi.encodeCall(simpleFactory.createAccount, (owner.addr, 0))
        );
        return op;
    }

    function _fund(address who) private {
        vm.deal(who, 1 ether);
        token.mint(who, 100);
    }
}
