// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice What tests call on a TestToken.
interface ITestToken is IERC20 {
    function mint(address to, uint256 amount) external;
}

/// @notice What tests call on a Target.
interface ITarget {
    event Counted(address indexed by, uint256 count);

    error Refused(uint256 code);

    function count() external view returns (uint256);
    function lastCaller() external view returns (address);
    function lastValue() external view returns (uint256);
    function increment() external payable;
    function refuse(uint256 code) external pure;
    function refuseWithReason(string calldata reason) external pure;
    function refuseSilently() external pure;
}
