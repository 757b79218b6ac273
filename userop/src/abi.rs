//! Solidity bindings of the EntryPoints.

use alloy::sol;

sol! {
    /// An operation as EntryPoint 0.6 takes it.
    #[derive(Debug, PartialEq, Eq)]
    struct UnpackedUserOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        uint256 callGasLimit;
        uint256 verificationGasLimit;
        uint256 preVerificationGas;
        uint256 maxFeePerGas;
        uint256 maxPriorityFeePerGas;
        bytes paymasterAndData;
        bytes signature;
    }

    /// An operation as EntryPoint 0.7 and later take it.
    #[derive(Debug, PartialEq, Eq)]
    struct PackedUserOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        bytes paymasterAndData;
        bytes signature;
    }

    /// What EntryPoint 0.6 has of its own.
    #[derive(Debug, PartialEq, Eq)]
    interface IEntryPointV06 {
        function getUserOpHash(UnpackedUserOperation calldata userOp) external view returns (bytes32);
        function handleOps(UnpackedUserOperation[] calldata ops, address payable beneficiary) external;
    }

    /// EntryPoint 0.7 and later, and what all versions share.
    #[derive(Debug, PartialEq, Eq)]
    interface IEntryPoint {
        function getUserOpHash(PackedUserOperation calldata userOp) external view returns (bytes32);
        function handleOps(PackedUserOperation[] calldata ops, address payable beneficiary) external;
        function getNonce(address sender, uint192 key) external view returns (uint256 nonce);
        function balanceOf(address account) external view returns (uint256);
        function depositTo(address account) external payable;

        event UserOperationEvent(
            bytes32 indexed userOpHash,
            address indexed sender,
            address indexed paymaster,
            uint256 nonce,
            bool success,
            uint256 actualGasCost,
            uint256 actualGasUsed
        );
        event UserOperationRevertReason(
            bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason
        );
        event AccountDeployed(
            bytes32 indexed userOpHash, address indexed sender, address factory, address paymaster
        );
        event BeforeExecution();

        error FailedOp(uint256 opIndex, string reason);
        error FailedOpWithRevert(uint256 opIndex, string reason, bytes inner);
    }
}
