// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.28;

import {Deploy} from "../script/Deploy.s.sol";
import {ICountersignAccount} from "../src/interfaces/ICountersignAccount.sol";
import {ICountersignAccountFactory} from "../src/interfaces/ICountersignAccountFactory.sol";
import {ISponsorPaymaster} from "../src/interfaces/ISponsorPaymaster.sol";
import {Version} from "./support/EntryPoints.sol";
import {World} from "./support/World.sol";

contract DeployTest is World {
    Deploy private script;

    function setUp() public override {
        super.setUp();
        script = new Deploy();
    }

    function test_deploysAWorkingSetAndLeavesItAloneTheSecondTime() public onEveryVersion {
        Deploy.Deployment memory made = _deploy(treasurer);

        ICountersignAccountFactory made_ = ICountersignAccountFactory(made.factory);
        account = ICountersignAccount(made_.createAccount(owner.addr, 9));
        paymaster = ISponsorPaymaster(made.paymaster);
        vm.prank(treasurer);
        paymaster.deposit{value: 1 ether}();
        bytes memory increment = abi.encodeCall(target.increment, ());
        _handle(_signed(_sponsored(_op(_single(address(target), 0, increment)), START + 60, 0)));
        assertEq(target.count(), 1);

        assertEq(abi.encode(_deploy(treasurer)), abi.encode(made));
    }

    function test_deploysNoPaymasterWithoutAnOwner() public {
        assertEq(_deploy(address(0)).paymaster, address(0));
    }

    function test_deploysNothingWithoutAnEntryPoint() public {
        Deploy.Deployment memory made = script.deploy("V08", stranger.addr, treasurer, sponsor.addr);

        assertEq(made.implementation, address(0));
    }

    function test_reverts_whenTheCreate2DeployerDoesNotDeploy() public {
        bytes memory failed =
            abi.encodeWithSelector(Deploy.DeploymentFailed.selector, "CountersignAccountV08");
        // One deployer that reverts, and one that does nothing and says that all went well.
        vm.etch(CREATE2_FACTORY, hex"5f5ffd");
        vm.expectRevert(failed);
        _deploy(treasurer);
        vm.etch(CREATE2_FACTORY, hex"00");
        vm.expectRevert(failed);
        _deploy(treasurer);
    }

    function _deploy(address by) private returns (Deploy.Deployment memory) {
        string memory name = version == Version.V07 ? "V07" : version == Version.V08 ? "V08" : "V09";
        return script.deploy(name, address(entryPoint), by, sponsor.addr);
    }
}
