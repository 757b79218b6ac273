//! Our account arithmetic against the factories, the accounts and the EntryPoints themselves.

use alloy::{
    primitives::{Address, B256, Log, U256},
    rpc::types::TransactionReceipt,
    signers::SignerSync,
    sol,
    sol_types::{SolCall, SolEvent, SolValue},
};
use anyhow::{Context, ensure};
use countersign_devnet::{Anvil, Deployments, DevKey};
use countersign_userop::{
    AccountKind, AccountSpec, Call, ChainId, Fees, GasLimits, IEntryPoint, IMPLEMENTATION_SLOT,
    Paymaster, Signature65, SponsorWindow, UserOperation, sponsor_approval_digest,
    sponsor_paymaster_data,
};
use serde_json::json;

use crate::operations::{address, number, seeded};

sol! {
    interface Factory {
        function getAddress(address owner, uint256 salt) external view returns (address);
    }
    interface Token {
        function mint(address to, uint256 amount) external;
        function balanceOf(address owner) external view returns (uint256);
    }
}

/// Every kind on every EntryPoint that it exists for.
fn specs(deployments: &Deployments) -> anyhow::Result<Vec<AccountSpec>> {
    let simple =
        deployments.simple.iter().map(|(version, d)| (AccountKind::SimpleAccount, version, d));
    let ours =
        deployments.countersign.iter().map(|(version, d)| (AccountKind::Countersign, version, d));
    let specs: Vec<_> = simple
        .chain(ours)
        .filter_map(|(kind, version, d)| {
            AccountSpec::new(kind, *version, d.factory, d.implementation).ok()
        })
        .collect();
    ensure!(specs.len() == 6, "three versions of each of two kinds, not {specs:?}");
    Ok(specs)
}

#[tokio::test]
async fn computes_the_addresses_that_the_factories_compute() -> anyhow::Result<()> {
    let anvil = Anvil::start().await?;
    let deployments = anvil.deploy().await?;
    let (mut rng, seed) = seeded();
    for spec in specs(&deployments)? {
        for _ in 0..20 {
            let (owner, salt) = (address(&mut rng), number(&mut rng));
            let ask = Factory::getAddressCall { owner, salt }.abi_encode();
            let theirs = Address::abi_decode(&anvil.call(spec.factory, ask.into()).await?)?;
            let ours = spec.address(owner, salt);
            ensure!(ours == theirs, "{spec:?} owner {owner} salt {salt} seed {seed}: not {theirs}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn drives_an_account_of_each_kind_from_its_first_operation() -> anyhow::Result<()> {
    let anvil = Anvil::start().await?;
    let deployments = anvil.deploy().await?;
    let sponsor = DevKey::named("sponsor")?;
    let paymasters = anvil.deploy_paymasters(sponsor.address()).await?;
    for spec in specs(&deployments)? {
        let entry_point = deployments.entry_points[&spec.version];
        let story = Story { anvil: &anvil, spec, entry_point, token: deployments.token };
        story.deploys_and_calls().await.with_context(|| format!("{spec:?}"))?;
        story.is_recognised().await.with_context(|| format!("{spec:?}"))?;
        if let Some(paymaster) = paymasters.get(&spec.version) {
            story.is_sponsored(*paymaster, &sponsor).await.with_context(|| format!("{spec:?}"))?;
        }
    }
    Ok(())
}

struct Story<'a> {
    anvil: &'a Anvil,
    spec: AccountSpec,
    entry_point: Address,
    token: Address,
}

const SALT: U256 = U256::from_limbs([7, 0, 0, 0]);

impl Story<'_> {
    /// The first operation deploys the account and does two calls.
    async fn deploys_and_calls(&self) -> anyhow::Result<()> {
        let account = self.account()?;
        self.anvil.set_balance(account, U256::from(10).pow(U256::from(18))).await?;
        let factory = self.spec.factory_call(self.owner()?.address(), SALT);
        let op = self.operation(0, &[self.mint(5), self.mint(6)])?.with_factory(Some(factory));
        self.succeeds(&self.signed(op)?).await?;
        ensure!(self.balance().await? == U256::from(11), "both calls ran");
        Ok(())
    }

    /// The deployed account is what a cosigner would take it for.
    async fn is_recognised(&self) -> anyhow::Result<()> {
        let account = self.account()?;
        let code = self.anvil.code(account).await?;
        let params = json!([account, IMPLEMENTATION_SLOT, "latest"]);
        let implementation: B256 = self.anvil.rpc().call("eth_getStorageAt", params).await?;
        ensure!(self.spec.recognises(&code, implementation), "{implementation} {code}");
        let answer = self.anvil.call(account, self.spec.owner_call()).await?;
        ensure!(self.spec.read_owner(&answer) == Some(self.owner()?.address()), "{answer}");
        Ok(())
    }

    /// A later operation does one call, and our paymaster pays.
    async fn is_sponsored(&self, paymaster: Address, sponsor: &DevKey) -> anyhow::Result<()> {
        self.anvil.set_balance(self.account()?, U256::ZERO).await?;
        let op = self.operation(1, &[self.mint(100)])?;
        let window = SponsorWindow::new(u64::from(u32::MAX), 0)?;
        let paid_by = |signature: &Signature65| {
            let data = sponsor_paymaster_data(self.spec.version, window, signature);
            Some(Paymaster {
                address: paymaster,
                verification_gas_limit: 100_000,
                post_op_gas_limit: 0,
                data: data.data,
                signature: data.signature,
            })
        };
        let stub = op.clone().with_paymaster(paid_by(&Signature65::stub()));
        let chain = ChainId::new(self.anvil.chain_id());
        let delegate = Address::ZERO;
        let digest =
            sponsor_approval_digest(&stub, paymaster, self.entry_point, chain, delegate, window);
        let op = op.with_paymaster(paid_by(&sign(sponsor, digest)?));
        self.succeeds(&self.signed(op)?).await?;
        ensure!(self.balance().await? == U256::from(111), "the call ran");
        Ok(())
    }

    fn owner(&self) -> anyhow::Result<DevKey> {
        DevKey::named("owner of an account")
    }

    fn account(&self) -> anyhow::Result<Address> {
        Ok(self.spec.address(self.owner()?.address(), SALT))
    }

    fn mint(&self, amount: u64) -> Call {
        let data = Token::mintCall { to: self.spec.implementation, amount: U256::from(amount) };
        Call { to: self.token, value: U256::ZERO, data: data.abi_encode().into() }
    }

    async fn balance(&self) -> anyhow::Result<U256> {
        let ask = Token::balanceOfCall { owner: self.spec.implementation }.abi_encode();
        Ok(U256::abi_decode(&self.anvil.call(self.token, ask.into()).await?)?)
    }

    fn operation(&self, nonce: u64, calls: &[Call]) -> anyhow::Result<UserOperation> {
        let data = self.spec.encode_calls(calls)?;
        ensure!(self.spec.decode_calls(&data)? == calls, "what is encoded can be decoded");
        let gas = GasLimits { call: 300_000, verification: 500_000, pre_verification: 60_000 };
        let fees = Fees { max_fee_per_gas: 5_000_000_000, max_priority_fee_per_gas: 1_000_000_000 };
        let nonce = U256::from(nonce);
        Ok(UserOperation::new(self.spec.version, self.account()?, nonce, data)
            .with_gas(gas)
            .with_fees(fees))
    }

    fn signed(&self, op: UserOperation) -> anyhow::Result<UserOperation> {
        let hash = op.hash(self.entry_point, ChainId::new(self.anvil.chain_id()));
        let owner = self.owner()?;
        let signature = sign(&owner, self.spec.owner_digest(hash))?;
        ensure!(signature.recover(self.spec.owner_digest(hash)) == Some(owner.address()));
        Ok(op.with_signature(self.spec.signature(&signature)))
    }

    /// Lands the operation; the EntryPoint's event tells that the account's calls succeeded.
    async fn succeeds(&self, op: &UserOperation) -> anyhow::Result<()> {
        let bundler = self.anvil.deployer()?;
        let data = op.pack().handle_ops_call(bundler);
        let receipt = self.anvil.send(bundler, Some(self.entry_point), U256::ZERO, &data).await?;
        let receipt: TransactionReceipt = serde_json::from_value(receipt)?;
        let log: Log<IEntryPoint::UserOperationEvent> = receipt
            .logs()
            .iter()
            .find_map(|log| IEntryPoint::UserOperationEvent::decode_log(&log.inner).ok())
            .context("the EntryPoint tells of the operation")?;
        let hash = op.hash(self.entry_point, ChainId::new(self.anvil.chain_id()));
        ensure!(log.userOpHash == *hash.as_b256(), "another hash: {log:?}");
        ensure!(log.success, "the calls failed: {log:?}");
        Ok(())
    }
}

fn sign(key: &DevKey, digest: B256) -> anyhow::Result<Signature65> {
    Ok(Signature65::new(key.signer().sign_hash_sync(&digest)?.as_bytes())?)
}
