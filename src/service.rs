//! The gateway as a library: everything that JSON-RPC and the command line offer, without either.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use countersign_bundler_client::StateOverride;
use countersign_protocol::SignedApproval;
use countersign_userop::{ChainId, UserOpHash};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{config::GatewayConfig, pipeline, signature, wallet, world::World};

mod answer;
mod approving;
mod error;
mod request;
mod sponsoring;
mod view;

pub use answer::{
    ApprovalPage, ApprovalRequest, AwaitedApproval, CallsState, CallsStatus, Capabilities,
    ChainCapabilities, Failure, GivenSignature, Inclusion, MissingApproval, OfferedAccount,
    Operation, PartStatus, Readiness, Sent, Signer, SponsorAnswer, StageName, Taken, TimelineEntry,
    Wallet, WalletPage,
};
pub use error::ServiceError;
pub(crate) use request::check_id;
pub use request::{
    Caller, CallerSignature, CreateSigner, CreateWallet, ListWallets, SendCalls, SendUserOperation,
    SignRequest, SponsorChoice, ToSign,
};

type Result<T> = std::result::Result<T, ServiceError>;

/// One gateway: cheap to clone, all clones share their state.
#[derive(Debug, Clone)]
pub struct Gateway {
    world: Arc<World>,
}

impl Gateway {
    /// Opens the store and connects the parts. Parts that do not answer yet do not matter here:
    /// [`Gateway::readiness`] says how they are.
    ///
    /// # Errors
    /// When identity, committee file or store cannot be used.
    pub async fn open(config: GatewayConfig) -> Result<Self> {
        Ok(Self { world: World::open(config).await? })
    }

    /// Moves operations until `stop` is cancelled; then lets each reach a safe point.
    /// One call a process.
    ///
    /// # Errors
    /// When another process works on the same embedded database.
    pub async fn run(&self, stop: CancellationToken) -> Result<()> {
        let followers = self.world.chains.values().map(|chain| {
            let (node, stop) = (chain.node.clone(), stop.clone());
            tokio::spawn(async move { node.follow(stop).await })
        });
        let followers: Vec<_> = followers.collect();
        let worker = pipeline::Worker::new(Arc::clone(&self.world));
        let ended = worker.run(stop).await.map_err(ServiceError::internal);
        followers.iter().for_each(tokio::task::JoinHandle::abort);
        ended
    }

    /// The configuration it runs with.
    pub fn config(&self) -> &GatewayConfig {
        &self.world.config
    }

    /// Makes a wallet of the next child of a key, or finds the one there is.
    ///
    /// # Errors
    /// When the kind or chain is not configured, too few cosigners answer or they disagree.
    pub async fn create_wallet(&self, caller: &Caller, ask: CreateWallet) -> Result<Wallet> {
        wallet::create(&self.world, caller, ask).await
    }

    /// Gives the caller a child of a key that signs by itself, or finds the one that it names.
    ///
    /// # Errors
    /// When the child is another caller's, too few cosigners answer or they disagree.
    pub async fn create_signer(&self, caller: &Caller, ask: CreateSigner) -> Result<Signer> {
        signature::create_signer(&self.world, caller, ask).await
    }

    /// Has a quorum sign typed data, a message, an authorization or a transaction. The same again gives a signature of
    /// the same digest again.
    ///
    /// # Errors
    /// Names the field that is wrong, or the cosigners' rule that refused.
    pub async fn sign(&self, caller: &Caller, ask: SignRequest) -> Result<GivenSignature> {
        signature::sign(&self.world, caller, ask).await
    }

    /// A wallet of the caller.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get_wallet(
        &self,
        caller: &Caller,
        chain: ChainId,
        address: Address,
    ) -> Result<Wallet> {
        wallet::find(&self.world, caller, chain, address).await
    }

    /// A page of the caller's wallets, oldest first.
    ///
    /// # Errors
    /// When the cursor is none that an earlier page gave, or the store fails.
    pub async fn list_wallets(&self, caller: &Caller, ask: ListWallets) -> Result<WalletPage> {
        wallet::page(&self.world, caller, ask).await
    }

    /// The caller's wallet on a chain, when there is just one.
    ///
    /// # Errors
    /// When the chain is not configured, or there are none or several.
    pub async fn only_wallet(&self, caller: &Caller, chain: ChainId) -> Result<Wallet> {
        wallet::only(&self.world, caller, chain).await
    }

    /// What a wallet can do, by chain; chains where the caller has no such wallet are left out.
    ///
    /// # Errors
    /// When the caller has no such wallet at all.
    pub async fn capabilities(&self, caller: &Caller, address: Address) -> Result<Capabilities> {
        let wallets = wallet::everywhere(&self.world, caller, address).await?;
        view::capabilities(&wallets, address)
    }

    /// Takes calls in; from then on they survive any crash. The same id and body gives the same
    /// answer.
    ///
    /// # Errors
    /// [`ServiceError::DuplicateId`] for an id that came with another body.
    pub async fn send_calls(&self, caller: &Caller, ask: SendCalls) -> Result<Sent> {
        pipeline::admit_calls(&self.world, caller, ask).await
    }

    /// Where calls stand (EIP-5792).
    ///
    /// # Errors
    /// [`ServiceError::UnknownId`].
    pub async fn calls_status(&self, caller: &Caller, id: &str) -> Result<CallsStatus> {
        view::calls_status(&self.world, caller, id).await
    }

    /// Takes in an operation that the caller built.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub async fn send_user_operation(
        &self,
        caller: &Caller,
        ask: SendUserOperation,
    ) -> Result<Sent> {
        pipeline::admit_operation(&self.world, caller, ask).await
    }

    /// An operation with its timeline, by intent id or by any hash it ever had.
    ///
    /// # Errors
    /// [`ServiceError::UnknownId`].
    pub async fn operation(&self, caller: &Caller, id_or_hash: &str) -> Result<Operation> {
        view::operation(&self.world, caller, id_or_hash).await
    }

    /// The caller's operations that wait for people's approval, oldest first.
    ///
    /// # Errors
    /// When the cursor is none that an earlier page gave, or the store fails.
    pub async fn pending_approvals(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
    ) -> Result<ApprovalPage> {
        approving::pending(&self.world, caller, cursor).await
    }

    /// What a person is shown of an operation that waits, and the typed data that they sign; it holds until
    /// `expiry`, in seconds since 1970.
    ///
    /// # Errors
    /// [`ServiceError::UnknownId`], or [`ServiceError::NotAwaiting`] when it waits for nobody.
    pub async fn approval_request(
        &self,
        caller: &Caller,
        id_or_hash: &str,
        expiry: Option<u64>,
    ) -> Result<ApprovalRequest> {
        approving::one(&self.world, caller, id_or_hash, expiry).await
    }

    /// Takes a person's approval in and has the cosigners asked again. It is for the operation that `id`
    /// names, or else the one whose hash it carries.
    ///
    /// # Errors
    /// [`ServiceError::Approval`] names what does not fit.
    pub async fn send_approval(
        &self,
        caller: &Caller,
        id: Option<&str>,
        approval: SignedApproval,
    ) -> Result<Taken> {
        approving::take(&self.world, caller, id, &approval).await
    }

    /// ERC-7769 `eth_estimateUserOperationGas`, answered by the bundler.
    ///
    /// # Errors
    /// The bundler's, passed on.
    pub async fn estimate_gas(
        &self,
        chain: ChainId,
        entry_point: Address,
        op: Value,
        state_override: Option<Value>,
    ) -> Result<Value> {
        let version = self.world.version(chain, entry_point)?;
        let signature: Option<String> =
            op.get("signature").and_then(Value::as_str).map(str::to_owned);
        let op = pipeline::parse_operation(version, &op)?;
        let op = op.with_signature(signature.unwrap_or_default().parse().unwrap_or_default());
        let overrides: Option<StateOverride> = state_override
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| ServiceError::invalid("stateOverride", error.to_string()))?;
        let bundler = &self.world.chain(chain)?.bundler;
        let estimate = bundler.estimate(&op, entry_point, overrides.as_ref()).await;
        Ok(view::estimate(&estimate.map_err(view::upstream)?))
    }

    /// ERC-7769 `eth_getUserOperationByHash`, answered by the bundler. What it tells is hashed and
    /// compared; an operation that cannot be verified is not passed on.
    ///
    /// # Errors
    /// The bundler's, passed on.
    pub async fn user_operation_by_hash(&self, chain: ChainId, hash: B256) -> Result<Value> {
        let hash = UserOpHash::new(hash);
        let found = self.world.chain(chain)?.bundler.by_hash(hash).await.map_err(view::upstream)?;
        let Some(found) = found else { return Ok(Value::Null) };
        let version = self.world.version(chain, found.entry_point).ok();
        if version.and_then(|version| found.verified(hash, version, chain)).is_none() {
            let text = "the bundler told of another operation than it was asked for";
            return Err(ServiceError::Unavailable(text.into()));
        }
        serde_json::to_value(found).map_err(ServiceError::internal)
    }

    /// ERC-7769 `eth_getUserOperationReceipt`, answered by the bundler.
    ///
    /// # Errors
    /// The bundler's, passed on.
    pub async fn user_operation_receipt(&self, chain: ChainId, hash: B256) -> Result<Value> {
        let found = self.world.chain(chain)?.bundler.receipt(UserOpHash::new(hash)).await;
        view::passed_on(found)
    }

    /// EntryPoints that accounts of this chain use.
    ///
    /// # Errors
    /// When the chain is not configured.
    pub fn supported_entry_points(&self, chain: ChainId) -> Result<Vec<Address>> {
        let chain = self.config().chain(chain).ok_or(ServiceError::UnsupportedChain(chain))?;
        Ok(chain.versions().into_iter().map(|version| chain.entry_point(version)).collect())
    }

    /// Which account kinds can be created where.
    pub fn offered_accounts(&self) -> Vec<OfferedAccount> {
        let chains = self.config().chains.iter();
        chains
            .flat_map(|chain| {
                chain.accounts.iter().map(|account| OfferedAccount {
                    chain: chain.id,
                    kind: account.kind,
                    version: account.version,
                })
            })
            .collect()
    }

    /// ERC-7677 `pm_getPaymasterStubData` for our own paymaster.
    ///
    /// # Errors
    /// [`ServiceError::NoSponsor`], or the field that is wrong.
    pub async fn sponsor_stub(
        &self,
        caller: &Caller,
        chain: ChainId,
        entry_point: Address,
        op: Value,
    ) -> Result<SponsorAnswer> {
        sponsoring::stub(&self.world, caller, chain, entry_point, &op).await
    }

    /// ERC-7677 `pm_getPaymasterData` for our own paymaster: a quorum signs the approval.
    ///
    /// # Errors
    /// [`ServiceError::NoSponsor`], the field that is wrong, or what the cosigners said.
    pub async fn sponsor_data(
        &self,
        caller: &Caller,
        chain: ChainId,
        entry_point: Address,
        op: Value,
    ) -> Result<SponsorAnswer> {
        sponsoring::data(&self.world, caller, chain, entry_point, &op).await
    }

    /// Reads the file of features again; a broken one changes nothing.
    pub fn reload_features(&self) {
        match self.world.features.reload() {
            Ok(()) => tracing::info!("the features were read again"),
            Err(error) => {
                tracing::error!(%error, "the new features cannot be used; the old ones stay in force");
            }
        }
    }

    /// Takes a token for a caller's call to a method.
    ///
    /// # Errors
    /// [`ServiceError::Throttled`] when there is none.
    pub(crate) fn take_token(&self, caller: &str, method: &str) -> Result<()> {
        self.world.limits.call(caller, method).map_err(ServiceError::Throttled)
    }

    /// How the parts are.
    pub async fn readiness(&self) -> Readiness {
        self.world.readiness().await
    }
}
