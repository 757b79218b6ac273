//! The bundler client against alto, with a SimpleAccount on every EntryPoint.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, Bytes, U256},
    signers::SignerSync,
    sol,
    sol_types::{SolCall, SolValue},
};
use countersign_bundler_client::{
    AaCode, AccountOverride, BundlerClient, ClientOptions, PaymasterClient, RpcCode, StateOverride,
    UserOperationReceipt,
};
use countersign_devnet::{Alto, Anvil, Deployments, DevKey, PaymasterService};
use countersign_userop::{
    ChainId, EntryPointVersion, Factory, Fees, GasLimits, UserOpHash, UserOperation,
};

sol! {
    function createAccount(address owner, uint256 salt) external returns (address);
    function getAddress(address owner, uint256 salt) external view returns (address);
    function execute(address dest, uint256 value, bytes func) external;
    function increment() external payable;
    function count() external view returns (uint256);
}

struct World {
    anvil: Anvil,
    deployments: Deployments,
    _alto: Alto,
    client: BundlerClient,
}

impl World {
    async fn must_start() -> Self {
        let anvil = Anvil::start().await.unwrap();
        let deployments = anvil.deploy().await.unwrap();
        let alto = Alto::start(&anvil, &deployments).await.unwrap();
        let chain = ChainId::new(anvil.chain_id());
        let client = BundlerClient::new(alto.url(), chain, ClientOptions::default()).unwrap();
        Self { anvil, deployments, _alto: alto, client }
    }

    /// The first operation of `owner`'s account, without gas limits and with a stub signature.
    async fn must_draft(&self, version: EntryPointVersion, owner: &DevKey) -> UserOperation {
        let factory = self.deployments.simple[&version].factory;
        let salt = U256::ZERO;
        let ask = getAddressCall { owner: owner.address(), salt }.abi_encode().into();
        let answer = self.anvil.call(factory, ask).await.unwrap();
        let sender = Address::abi_decode(&answer).unwrap();
        let create = createAccountCall { owner: owner.address(), salt }.abi_encode();
        let call = executeCall {
            dest: self.deployments.target,
            value: U256::ZERO,
            func: incrementCall {}.abi_encode().into(),
        };
        let max_fee_per_gas = 20_000_000_000;
        UserOperation::new(version, sender, U256::ZERO, call.abi_encode().into())
            .with_factory(Some(Factory { address: factory, data: create.into() }))
            .with_fees(Fees { max_fee_per_gas, max_priority_fee_per_gas: 2_000_000_000 })
            .with_signature(must_sign(owner, version, UserOpHash::new(U256::ONE.into())))
    }

    async fn must_count(&self) -> U256 {
        let ask = countCall {}.abi_encode().into();
        let answer = self.anvil.call(self.deployments.target, ask).await.unwrap();
        U256::abi_decode(&answer).unwrap()
    }

    async fn must_be_included(&self, hash: UserOpHash) -> UserOperationReceipt {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(receipt) = self.client.receipt(hash).await.unwrap() {
                return receipt;
            }
            assert!(Instant::now() < deadline, "operation {hash} was not included");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn must_sign(owner: &DevKey, version: EntryPointVersion, hash: UserOpHash) -> Bytes {
    let signer = owner.signer();
    let signature = match version {
        EntryPointVersion::V0_6 | EntryPointVersion::V0_7 => {
            signer.sign_message_sync(hash.as_b256().as_slice())
        }
        EntryPointVersion::V0_8 | EntryPointVersion::V0_9 => signer.sign_hash_sync(hash.as_b256()),
    };
    signature.unwrap().as_bytes().into()
}

fn rich(sender: Address) -> StateOverride {
    let balance = Some(U256::from(10).pow(U256::from(20)));
    [(sender, AccountOverride { balance, ..AccountOverride::default() })].into_iter().collect()
}

#[tokio::test]
async fn an_operation_for_every_entry_point_is_estimated_sent_and_found() {
    let world = World::must_start().await;
    let chain = world.client.chain();
    assert_eq!(world.client.chain_id().await.unwrap(), chain);
    let served = world.client.supported_entry_points().await.unwrap();
    let owner = DevKey::named("owner").unwrap();

    for (landed, version) in EntryPointVersion::ALL.into_iter().enumerate() {
        let entry_point = version.canonical_address();
        assert!(served.contains(&entry_point), "{version}");
        let op = world.must_draft(version, &owner).await;

        let estimate =
            world.client.estimate(&op, entry_point, Some(&rich(op.sender()))).await.unwrap();
        let GasLimits { call, verification, pre_verification } = estimate.limits();
        assert!(call > 0 && verification > 0 && pre_verification > 0, "{version}: {estimate:?}");

        let op = op.with_gas(estimate.limits());
        let hash = op.hash(entry_point, chain);
        let op = op.with_signature(must_sign(&owner, version, hash));
        world.anvil.set_balance(op.sender(), U256::from(10).pow(U256::from(18))).await.unwrap();
        assert_eq!(world.client.by_hash(hash).await.unwrap(), None);
        assert_eq!(world.client.send_user_operation(&op, entry_point).await.unwrap(), hash);

        let receipt = world.must_be_included(hash).await;
        assert!(receipt.success, "{version}: {receipt:?}");
        assert_eq!((receipt.sender, receipt.nonce), (op.sender(), op.nonce()));
        assert_eq!(world.must_count().await, U256::from(landed + 1));
        let found = world.client.by_hash(hash).await.unwrap().unwrap();
        assert_eq!(found.transaction_hash, Some(receipt.receipt.transaction_hash));
        assert_eq!(found.verified(hash, version, chain), Some(op), "{version}");
    }
}

#[tokio::test]
async fn what_the_entry_point_refuses_is_typed() {
    let world = World::must_start().await;
    let version = EntryPointVersion::V0_7;
    let entry_point = version.canonical_address();
    let owner = DevKey::named("owner").unwrap();
    let limits = GasLimits { call: 100_000, verification: 500_000, pre_verification: 100_000 };
    let op = world.must_draft(version, &owner).await.with_gas(limits);
    let hash = op.hash(entry_point, world.client.chain());

    let unfunded = op.clone().with_signature(must_sign(&owner, version, hash));
    let error = world.client.send_user_operation(&unfunded, entry_point).await.unwrap_err();
    assert_eq!(error.rejection().unwrap().aa, Some(AaCode::PrefundNotPaid), "{error:?}");

    world.anvil.set_balance(op.sender(), U256::from(10).pow(U256::from(18))).await.unwrap();
    let stranger = DevKey::named("stranger").unwrap();
    let forged = op.with_signature(must_sign(&stranger, version, hash));
    let error = world.client.send_user_operation(&forged, entry_point).await.unwrap_err();
    assert_eq!(error.rejection().unwrap().aa, Some(AaCode::AccountSignatureError), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_service_pays_on_every_entry_point_that_it_has_a_paymaster_for() {
    let world = World::must_start().await;
    let service = PaymasterService::start(&world.anvil).await.unwrap();
    let payer = PaymasterClient::new(&service.url(), ClientOptions::default()).unwrap();
    let (chain, context) = (world.client.chain(), serde_json::Value::Null);
    let owner = DevKey::named("owner").unwrap();

    for version in [EntryPointVersion::V0_7, EntryPointVersion::V0_8, EntryPointVersion::V0_9] {
        let entry_point = version.canonical_address();
        let draft = world.must_draft(version, &owner).await;
        let stub = payer.stub_data(&draft, entry_point, chain, &context).await.unwrap();
        let draft = draft.with_paymaster(Some(stub.paymaster.clone()));
        let estimate = world.client.estimate(&draft, entry_point, None).await.unwrap();
        let op = draft.with_gas(estimate.limits());

        let data = payer.data(&op, entry_point, chain, &context).await.unwrap();

        let op = op.with_paymaster(Some(data.onto(&stub.paymaster).unwrap()));
        let hash = op.hash(entry_point, chain);
        let op = op.with_signature(must_sign(&owner, version, hash));
        assert_eq!(world.client.send_user_operation(&op, entry_point).await.unwrap(), hash);
        let receipt = world.must_be_included(hash).await;
        assert!(receipt.success, "{version}");
        assert_eq!(receipt.paymaster, Some(service.paymasters()[&version]), "{version}");
    }

    service.refuse();
    let version = EntryPointVersion::V0_7;
    let op = world.must_draft(version, &owner).await;
    let error = payer.data(&op, version.canonical_address(), chain, &context).await.unwrap_err();
    assert_eq!(error.rejection().unwrap().code, RpcCode::PaymasterRefused);
}
