// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {ICountersignAccount} from "../../src/interfaces/ICountersignAccount.sol";
import {World} from "../support/World.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

contract IsValidSignatureTest is World {
    bytes4 private constant VALID = 0x1626ba7e;
    bytes4 private constant INVALID = 0xffffffff;
    bytes32 private constant ERC6492_MAGIC =
        0x6492649264926492649264926492649264926492649264926492649264926492;
    string private constant CONTENTS = "Contents(bytes32 stuff)";
    bytes32 private constant APP_DOMAIN = keccak256("the app's domain separator");
    bytes32 private constant STRUCT = keccak256("the app's struct hash");

    function test_acceptsNestedTypedData() public view {
        assertEq(_check(account, _appHash(), _typed(account)), VALID);
    }

    function test_acceptsAnErc6492WrapperAroundIt() public view {
        bytes memory wrapped = bytes.concat(
            abi.encode(address(factory), bytes("factory data"), _typed(account)), ERC6492_MAGIC
        );

        assertEq(_check(account, _appHash(), wrapped), VALID);
    }

    function test_acceptsContentsNamedExplicitly() public view {
        // The type sorts before the name, so the name has to be told.
        string memory name = "Order";
        string memory type_ = "Item(uint256 id)Order(Item item,bytes32 stuff)";

        assertEq(
            _check(account, _appHash(), _typedAs(account, name, type_, string.concat(type_, name))),
            VALID
        );
        // Without it, the first type named is taken for the contents.
        assertEq(_check(account, _appHash(), _typedAs(account, name, type_, type_)), INVALID);
        assertEq(_check(account, _appHash(), _typedAs(account, "Item", type_, type_)), VALID);
    }

    function test_refusesContentsWithAnInvalidName() public view {
        string[7] memory names =
            ["contents", "", "Con tents", "Con,tents", "Con)tents", "Con\x00tents", "zContents"];
        for (uint256 i; i < names.length; ++i) {
            string memory type_ = string.concat(names[i], "(bytes32 stuff)");
            assertEq(
                _check(account, _appHash(), _typedAs(account, names[i], type_, type_)),
                INVALID,
                names[i]
            );
        }
    }

    function test_refusesContentsWithAnInvalidExplicitName() public view {
        string[4] memory names = ["order", "Or der", "Or,der", "Or\x00der"];
        for (uint256 i; i < names.length; ++i) {
            string memory type_ = string.concat("Item(uint256 id)", names[i], "(Item item)");
            string memory description = string.concat(type_, names[i]);
            assertEq(
                _check(account, _appHash(), _typedAs(account, names[i], type_, description)),
                INVALID,
                names[i]
            );
        }
    }

    function testFuzz_refusesAMalformedErc6492WrapperWithoutReverting(
        bytes32 hash,
        bytes calldata inside
    ) public view {
        assertEq(_check(account, hash, bytes.concat(inside, ERC6492_MAGIC)), INVALID);
    }

    function testFuzz_refusesAnErc6492WrapperThatPointsAnywhereWithoutReverting(
        uint256 offset,
        uint256 length
    ) public view {
        bytes memory signature = _typed(account);
        bytes memory inside = abi.encodePacked(
            uint256(uint160(address(factory))), uint256(0x60), offset, length, signature
        );
        vm.assume(offset != 0x60 || length != signature.length);

        assertEq(_check(account, _appHash(), bytes.concat(inside, ERC6492_MAGIC)), INVALID);
        // The offset is right, only the length is not.
        assembly ("memory-safe") {
            mstore(add(inside, 0x60), 0x60)
        }
        vm.assume(length != signature.length);
        assertEq(_check(account, _appHash(), bytes.concat(inside, ERC6492_MAGIC)), INVALID);
    }

    function test_acceptsAPersonalMessage() public view {
        assertEq(_check(account, "prefixed message", _personal(account, "prefixed message")), VALID);
    }

    function test_tellsThatItKnowsErc7739() public view {
        bytes32 probe = 0x7739773977397739773977397739773977397739773977397739773977397739;

        assertEq(_check(account, probe, ""), bytes4(0x77390001));
    }

    function test_refusesABareHash() public {
        bytes memory bare = _signature(owner, "hash");
        assertEq(_check(account, "hash", bare), INVALID);

        vm.txGasPrice(1 gwei);
        assertEq(_check(account, "hash", bare), INVALID);

        // A caller that Solady trusts by default to bind the hash to the account.
        vm.prank(0x000000000000D9ECebf3C23529de49815Dac1c4c);
        assertEq(_check(account, "hash", bare), INVALID);
    }

    function test_refusesASignatureForTheOwnersOtherAccount() public {
        ICountersignAccount other = ICountersignAccount(factory.createAccount(owner.addr, 1));

        assertEq(_check(other, _appHash(), _typed(account)), INVALID);
        assertEq(_check(other, "message", _personal(account, "message")), INVALID);
    }

    function test_refusesASignatureForAnotherChain() public {
        bytes memory signature = _typed(account);
        vm.chainId(5);

        assertEq(_check(account, _appHash(), signature), INVALID);
    }

    function test_refusesWhileFrozen() public {
        bytes memory signature = _typed(account);
        _setGuardian();
        vm.prank(guardian);
        account.freeze();
        assertEq(_check(account, _appHash(), signature), INVALID);

        vm.warp(account.frozenUntil());
        assertEq(_check(account, _appHash(), signature), VALID);
    }

    function test_neverAsksTheOwnersCode() public {
        vm.etch(owner.addr, hex"631626ba7e60e01b5f5260205ff3");
        bytes memory signature = _typed(account);
        signature[3] ^= 0x01;

        assertEq(_check(account, _appHash(), signature), INVALID);
    }

    function testFuzz_refusesEverythingElseWithoutReverting(bytes32 hash, bytes calldata signature)
        public
        view
    {
        vm.assume(signature.length != 0);

        assertEq(_check(account, hash, signature), INVALID);
    }

    function testFuzz_refusesADamagedSignatureWithoutReverting(uint256 at, uint8 flip) public view {
        bytes memory signature = _typed(account);
        at = bound(at, 0, 64);
        vm.assume(flip != 0);
        signature[at] ^= bytes1(flip);

        assertEq(_check(account, _appHash(), signature), INVALID);
    }

    function _check(ICountersignAccount at, bytes32 hash, bytes memory signature)
        private
        view
        returns (bytes4)
    {
        return IERC1271(address(at)).isValidSignature(hash, signature);
    }

    /// @dev What the app asks for.
    function _appHash() private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", APP_DOMAIN, STRUCT));
    }

    /// @dev The owner's answer in ERC-7739's nested form.
    function _typed(ICountersignAccount at) private view returns (bytes memory) {
        return _typedAs(at, "Contents", CONTENTS, CONTENTS);
    }

    /// @dev The same for any type of contents.
    /// @param description What goes along: the type (implicit), or type and name (explicit).
    function _typedAs(
        ICountersignAccount at,
        string memory contentsName,
        string memory contentsType,
        string memory description
    ) private view returns (bytes memory) {
        bytes32 typeHash = keccak256(
            abi.encodePacked(
                "TypedDataSign(",
                contentsName,
                " contents,string name,string version,uint256 chainId,",
                "address verifyingContract,bytes32 salt)",
                contentsType
            )
        );
        bytes32 nested = keccak256(
            abi.encode(
                typeHash,
                STRUCT,
                keccak256("CountersignAccount"),
                keccak256("1"),
                block.chainid,
                address(at),
                bytes32(0)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", APP_DOMAIN, nested));
        return abi.encodePacked(
            _signature(owner, digest),
            APP_DOMAIN,
            STRUCT,
            description,
            uint16(bytes(description).length)
        );
    }

    function _personal(ICountersignAccount at, bytes32 hash) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CountersignAccount"),
                keccak256("1"),
                block.chainid,
                address(at)
            )
        );
        bytes32 inner = keccak256(abi.encode(keccak256("PersonalSign(bytes prefixed)"), hash));
        return _signature(owner, keccak256(abi.encodePacked(hex"1901", domain, inner)));
    }
}
