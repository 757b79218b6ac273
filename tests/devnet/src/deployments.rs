//! What is deployed on a fresh chain, at the addresses that real chains have it.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, b256},
    sol,
    sol_types::{SolCall, SolValue},
};
use anyhow::ensure;
use countersign_userop::EntryPointVersion;
use serde::{Deserialize, Serialize};

use crate::{Anvil, Artifact, Workspace};

/// The CREATE2 deployer that Anvil is born with: `salt ‖ creation code` in, contract out.
pub const CREATE2_DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

const SALT_0_7: B256 = b256!("90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3");
const SALT_0_8: B256 = b256!("0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9");

const UNSTAKE_DELAY: u32 = 86_400;

sol! {
    contract SimpleAccountFactory {
        function accountImplementation() external view returns (address);
    }
    contract TestToken {
        function mint(address to, uint256 amount) external;
    }
    contract SponsorPaymaster {
        function setSigner(address newSigner) external;
        function deposit() external payable;
        function addStake(uint32 unstakeDelaySec) external payable;
    }
}

/// A kind of account on one EntryPoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDeployment {
    /// Makes accounts.
    pub factory: Address,
    /// The code behind their proxies.
    pub implementation: Address,
}

/// Everything that [`Anvil::deploy`] put on the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployments {
    /// The EntryPoints, at their canonical addresses. 0.9 is the release candidate that npm has.
    pub entry_points: BTreeMap<EntryPointVersion, Address>,
    /// `SimpleAccount` and its factory.
    pub simple: BTreeMap<EntryPointVersion, AccountDeployment>,
    /// Our account and its factory; there is none for 0.6.
    pub countersign: BTreeMap<EntryPointVersion, AccountDeployment>,
    /// An ERC-20 that anyone may mint; [`Anvil::mint`] does.
    pub token: Address,
    /// A contract that counts, remembers its caller and reverts on request.
    pub target: Address,
}

impl Anvil {
    /// Deploys the EntryPoints, the account factories and a token.
    ///
    /// # Errors
    /// When a package is not installed, or something does not land at its address.
    pub async fn deploy(&self) -> anyhow::Result<Deployments> {
        let workspace = Workspace::locate()?;
        let mut entry_points = BTreeMap::new();
        for version in EntryPointVersion::ALL {
            let artifact = Artifact::reference(&workspace, version, "EntryPoint")?;
            let address = match version {
                EntryPointVersion::V0_6 => self.create2(B256::ZERO, &artifact.bytecode).await?,
                EntryPointVersion::V0_7 => self.create2(SALT_0_7, &artifact.bytecode).await?,
                EntryPointVersion::V0_8 => self.create2(SALT_0_8, &artifact.bytecode).await?,
                EntryPointVersion::V0_9 => self.construct_at_0_9(&artifact.bytecode).await?,
            };
            ensure!(
                address == version.canonical_address(),
                "EntryPoint {version} landed at {address}"
            );
            entry_points.insert(version, address);
        }
        let mut simple = BTreeMap::new();
        let mut countersign = BTreeMap::new();
        for (&version, &entry_point) in &entry_points {
            simple.insert(version, self.deploy_simple(&workspace, version, entry_point).await?);
            if version != EntryPointVersion::V0_6 {
                let ours = self.deploy_countersign(&workspace, version, entry_point).await?;
                countersign.insert(version, ours);
            }
        }
        let token = self.deploy_ours(&workspace, "TestToken", &[]).await?;
        let target = self.deploy_ours(&workspace, "Target", &[]).await?;
        Ok(Deployments { entry_points, simple, countersign, token, target })
    }

    /// Deploys our paymaster for each EntryPoint that has one, approved by `signer` and owned by
    /// [`Anvil::deployer`], with a deposit of 100 ether and a stake of one.
    ///
    /// # Errors
    /// When a transaction fails.
    pub async fn deploy_paymasters(
        &self,
        signer: Address,
    ) -> anyhow::Result<BTreeMap<EntryPointVersion, Address>> {
        let workspace = Workspace::locate()?;
        let owner = self.deployer()?;
        let mut paymasters = BTreeMap::new();
        for version in EntryPointVersion::ALL {
            if version == EntryPointVersion::V0_6 {
                continue;
            }
            let arguments = (version.canonical_address(), owner, signer).abi_encode_params();
            let name = format!("SponsorPaymaster{}", suffix(version));
            let paymaster = self.deploy_ours(&workspace, &name, &arguments).await?;
            let deposit = SponsorPaymaster::depositCall {}.abi_encode().into();
            self.send(owner, Some(paymaster), ether(100), &deposit).await?;
            let stake = SponsorPaymaster::addStakeCall { unstakeDelaySec: UNSTAKE_DELAY };
            let stake = stake.abi_encode().into();
            self.send(owner, Some(paymaster), ether(1), &stake).await?;
            paymasters.insert(version, paymaster);
        }
        Ok(paymasters)
    }

    /// Makes `signer` the one whose approvals our paymasters accept.
    ///
    /// # Errors
    /// When a transaction fails.
    pub async fn set_paymaster_signer(
        &self,
        paymasters: &BTreeMap<EntryPointVersion, Address>,
        signer: Address,
    ) -> anyhow::Result<()> {
        let data = SponsorPaymaster::setSignerCall { newSigner: signer }.abi_encode().into();
        for &paymaster in paymasters.values() {
            self.send(self.deployer()?, Some(paymaster), U256::ZERO, &data).await?;
        }
        Ok(())
    }

    /// Gives `to` an amount of [`Deployments::token`].
    ///
    /// # Errors
    /// When the transaction fails.
    pub async fn mint(&self, token: Address, to: Address, amount: U256) -> anyhow::Result<()> {
        let data = TestToken::mintCall { to, amount }.abi_encode().into();
        self.send(self.deployer()?, Some(token), U256::ZERO, &data).await?;
        Ok(())
    }

    /// Deploys by the CREATE2 deployer, unless the contract is there already.
    ///
    /// # Errors
    /// When the creation code fails.
    pub async fn create2(&self, salt: B256, creation_code: &Bytes) -> anyhow::Result<Address> {
        let address = CREATE2_DEPLOYER.create2_from_code(salt, creation_code);
        if self.code(address).await?.is_empty() {
            let data = [salt.as_slice(), creation_code].concat().into();
            self.send(self.deployer()?, Some(CREATE2_DEPLOYER), U256::ZERO, &data).await?;
            ensure!(!self.code(address).await?.is_empty(), "no code at {address} after CREATE2");
        }
        Ok(address)
    }

    /// The published release candidate is not the code that was deployed on real chains, so no salt
    /// leads to the canonical address: its constructor is run there instead (it makes a
    /// `SenderCreator` of its own), and the code that it returns is put in its place.
    async fn construct_at_0_9(&self, creation_code: &Bytes) -> anyhow::Result<Address> {
        let address = EntryPointVersion::V0_9.canonical_address();
        self.set_code(address, creation_code).await?;
        self.command("anvil_setNonce", serde_json::json!([address, "0x1"])).await?;
        let runtime = self.call(address, Bytes::new()).await?;
        self.send(self.deployer()?, Some(address), U256::ZERO, &Bytes::new()).await?;
        self.set_code(address, &runtime).await?;
        Ok(address)
    }

    async fn deploy_simple(
        &self,
        workspace: &Workspace,
        version: EntryPointVersion,
        entry_point: Address,
    ) -> anyhow::Result<AccountDeployment> {
        let artifact = Artifact::reference(workspace, version, "SimpleAccountFactory")?;
        let code = artifact.creation_code(&entry_point.abi_encode());
        let factory = self.create2(B256::ZERO, &code).await?;
        let ask = SimpleAccountFactory::accountImplementationCall {}.abi_encode().into();
        let implementation = Address::abi_decode(&self.call(factory, ask).await?)?;
        Ok(AccountDeployment { factory, implementation })
    }

    async fn deploy_countersign(
        &self,
        workspace: &Workspace,
        version: EntryPointVersion,
        entry_point: Address,
    ) -> anyhow::Result<AccountDeployment> {
        let name = format!("CountersignAccount{}", suffix(version));
        let implementation = self.deploy_ours(workspace, &name, &entry_point.abi_encode()).await?;
        let arguments = implementation.abi_encode();
        let factory = self.deploy_ours(workspace, "CountersignAccountFactory", &arguments).await?;
        Ok(AccountDeployment { factory, implementation })
    }

    async fn deploy_ours(
        &self,
        workspace: &Workspace,
        contract: &str,
        arguments: &[u8],
    ) -> anyhow::Result<Address> {
        let artifact = Artifact::ours(workspace, contract)?;
        self.create2(B256::ZERO, &artifact.creation_code(arguments)).await
    }
}

fn ether(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10).pow(U256::from(18))
}

/// How our contracts for one EntryPoint end their names.
const fn suffix(version: EntryPointVersion) -> &'static str {
    match version {
        EntryPointVersion::V0_6 => "V06",
        EntryPointVersion::V0_7 => "V07",
        EntryPointVersion::V0_8 => "V08",
        EntryPointVersion::V0_9 => "V09",
    }
}
