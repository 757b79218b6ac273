//! What the chain itself says, whatever the gateway says of it.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol;
use alloy::sol_types::{SolCall, SolEvent};
use countersign_devnet::{JsonRpc, Wallet};
use serde_json::{Value, json};

sol! {
    event UserOperationEvent(
        bytes32 indexed userOpHash, address indexed sender, address indexed paymaster,
        uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed
    );
    function balanceOf(address owner) returns (uint256);
    function mint(address to, uint256 amount);
    function transfer(address to, uint256 amount) returns (bool);
    function refuseWithReason(string reason);
}

/// A node.
#[derive(Debug)]
pub(crate) struct Ledger(JsonRpc);

impl Ledger {
    pub(crate) fn of(node: &str) -> Self {
        Self(JsonRpc::new(node).unwrap())
    }

    /// The nonces of the wallet's operations, in the order in which the chain has them.
    pub(crate) async fn must_list_nonces(&self, wallet: &Wallet) -> Vec<U256> {
        let filter = json!({
            "address": wallet.entry_point, "fromBlock": "0x0",
            "topics": [UserOperationEvent::SIGNATURE_HASH, null, wallet.address.into_word()],
        });
        let logs: Vec<Value> = self.0.call("eth_getLogs", json!([filter])).await.unwrap();
        let word = |log: &Value| {
            let data: Bytes = serde_json::from_value(log["data"].clone()).unwrap();
            U256::from_be_slice(&data[..32])
        };
        logs.iter().map(word).collect()
    }

    /// Whether every operation up to `count` landed exactly once.
    pub(crate) async fn must_have_landed_once_each(&self, wallet: &Wallet, count: usize) {
        let nonces = self.must_list_nonces(wallet).await;
        let expected: Vec<_> = (0..count).map(U256::from).collect();
        assert_eq!(nonces, expected, "of {}", wallet.address);
    }

    pub(crate) async fn must_fund(&self, address: Address) {
        let ether = U256::from(10).pow(U256::from(18));
        self.0.call::<Value>("anvil_setBalance", json!([address, ether])).await.unwrap();
    }

    pub(crate) async fn must_read_balance(&self, address: Address) -> U256 {
        self.0.call("eth_getBalance", json!([address, "latest"])).await.unwrap()
    }

    pub(crate) async fn must_read_code(&self, address: Address) -> Bytes {
        self.0.call("eth_getCode", json!([address, "latest"])).await.unwrap()
    }

    /// How many tokens an account has.
    pub(crate) async fn must_count_tokens(&self, token: Address, owner: Address) -> U256 {
        let data = Bytes::from(balanceOfCall { owner }.abi_encode());
        let call = json!([{ "to": token, "data": data }, "latest"]);
        let word: B256 = self.0.call("eth_call", call).await.unwrap();
        word.into()
    }
}

/// A call in EIP-5792's form.
pub(crate) fn call(to: Address, what: &impl SolCall) -> Value {
    json!({ "to": to, "data": Bytes::from(what.abi_encode()) })
}
