// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

/// @notice The cheatcodes that proofs use; halmos knows them.
interface Cheats {
    function assume(bool condition) external;
    function prank(address caller) external;
    function chainId(uint256 id) external;
    function warp(uint256 time) external;
    function store(address target, bytes32 slot, bytes32 value) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
    function createBytes(uint256 size, string calldata name) external returns (bytes memory);
}

/// @notice What every proof stands on. A function `check_…` holds for all its arguments, and for all
///         bytes that it makes of a stated length.
abstract contract Symbolic {
    Cheats internal constant vm = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
    Cheats internal constant svm = Cheats(0xF3993A62377BCd56AE39D773740A5390411E8BC9);

    /// @dev A contract that stands for the EntryPoint: proofs only need its address.
    address internal constant ENTRY_POINT = address(0xe47);
}
