// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {World} from "../support/World.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Receiver} from "solady/accounts/Receiver.sol";
import {ERC1155} from "solady/tokens/ERC1155.sol";
import {ERC721} from "solady/tokens/ERC721.sol";

contract Nft is ERC721 {
    function name() public pure override returns (string memory) {
        return "Nft";
    }

    function symbol() public pure override returns (string memory) {
        return "NFT";
    }

    function tokenURI(uint256) public pure override returns (string memory) {
        return "";
    }

    function safeMint(address to, uint256 id) external {
        _safeMint(to, id);
    }
}

contract Items is ERC1155 {
    function uri(uint256) public pure override returns (string memory) {
        return "";
    }

    function mint(address to, uint256[] memory ids, uint256[] memory amounts) external {
        _mint(to, ids[0], amounts[0], "");
        _batchMint(to, ids, amounts, "");
    }
}

contract TokenReceiverTest is World {
    function test_receivesNativeCurrencyAndTokens() public {
        Nft nft = new Nft();
        Items items = new Items();
        uint256[] memory ids = new uint256[](2);
        uint256[] memory amounts = new uint256[](2);
        (ids[0], ids[1], amounts[0], amounts[1]) = (1, 2, 3, 4);
        uint256 before = address(account).balance;

        nft.safeMint(address(account), 7);
        items.mint(address(account), ids, amounts);
        vm.prank(treasurer);
        (bool ok,) = address(account).call{value: 5}("");

        assertTrue(ok);
        assertEq(nft.ownerOf(7), address(account));
        assertEq(items.balanceOf(address(account), 1), 6);
        assertEq(items.balanceOf(address(account), 2), 4);
        assertEq(address(account).balance, before + 5);
    }

    function test_tellsItsInterfaces() public view {
        assertTrue(account.supportsInterface(type(IERC165).interfaceId));
        assertTrue(account.supportsInterface(type(IERC1271).interfaceId));
        assertTrue(account.supportsInterface(type(IERC721Receiver).interfaceId));
        assertTrue(account.supportsInterface(type(IERC1155Receiver).interfaceId));
        assertFalse(account.supportsInterface(0xffffffff));
    }

    function test_reverts_whenTheFunctionIsUnknown() public {
        vm.expectRevert(Receiver.FnSelectorNotRecognized.selector);
        ITokenless(address(account)).tokensReceived();
    }
}

interface ITokenless {
    function tokensReceived() external;
}
