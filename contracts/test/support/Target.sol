// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

/// @notice A contract that counts, remembers and fails on request, for tests.
contract Target {
    event Counted(address indexed by, uint256 count);

    error Refused(uint256 code);

    uint256 public count;
    address public lastCaller;
    uint256 public lastValue;

    receive() external payable {}

    /// @notice Counts one call.
    function increment() external payable {
        count += 1;
        lastCaller = msg.sender;
        lastValue = msg.value;
        emit Counted(msg.sender, count);
    }

    /// @notice Reverts with {Refused}.
    function refuse(uint256 code) external pure {
        revert Refused(code);
    }

    /// @notice Reverts with a reason string.
    function refuseWithReason(string calldata reason) external pure {
        revert(reason);
    }

    /// @notice Reverts without any data.
    function refuseSilently() external pure {
        assembly ("memory-safe") {
            revert(0, 0)
        }
    }
}
