//! An EIP-1559 transaction of an EOA.

mod access_list;

use alloy::{
    consensus::{SignableTransaction as _, TxEip1559},
    eips::eip2930::AccessList,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
};
use serde_json::{Value, json};

use super::{
    OnceSlot, SignableKind,
    authorization::{nonce, one_chain},
};
use crate::{
    Call, CanonicalPreview, ChainId, Effects, Fees, ParseError, PreviewCall, Problem, call_body,
    call_lines, canonical, fields, fields::Fields, preview_decimal,
};

/// One transaction, of the only type that we sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Transaction {
    /// The chain; never zero.
    pub chain: ChainId,
    /// Who sends it. It must be the signing key's own address, for the caller to check.
    pub from: Address,
    /// The sender's nonce.
    pub nonce: u64,
    /// Who is called; `None` creates a contract.
    pub to: Option<Address>,
    /// Wei sent along.
    pub value: U256,
    /// Call data, or the new contract's init code.
    pub data: Bytes,
    /// Gas limit.
    pub gas: u64,
    /// What it pays a unit of gas.
    pub fees: Fees,
    /// Accounts and slots that it says it will touch.
    pub access_list: AccessList,
}

impl Transaction {
    /// Reads a transaction as `eth_signTransaction` takes it: `type` (`0x2`, or absent), `chainId`,
    /// `from`, `nonce`, `to`, `value`, `data` or `input`, `gas`, the two fees, `accessList`.
    /// A transaction that creates a contract says `"to": null` or leaves it out.
    ///
    /// # Errors
    /// Names the field that is wrong. Other types are refused, and their fields by name.
    pub fn from_json(json: &Value) -> Result<Self, ParseError> {
        let mut fields = Fields::of(json, "transaction")?;
        fields.optional("type", eip1559)?;
        let other = Problem::Invalid("belongs to another type of transaction, only 0x2 is signed");
        let others = ["authorizationList", "blobVersionedHashes", "blobs", "maxFeePerBlobGas"];
        fields.refuse(&others, &other)?;
        fields.refuse(&["gasPrice"], &other)?;
        let fees = Fees {
            max_fee_per_gas: fields.required("maxFeePerGas", fields::u128)?,
            max_priority_fee_per_gas: fields.required("maxPriorityFeePerGas", fields::u128)?,
        };
        if fees.max_priority_fee_per_gas > fees.max_fee_per_gas {
            let problem = Problem::Invalid("is more than maxFeePerGas");
            return Err(ParseError::new("maxPriorityFeePerGas", problem));
        }
        let read = Self {
            chain: fields.required("chainId", one_chain)?,
            from: fields.required("from", fields::address)?,
            nonce: fields.required("nonce", nonce)?,
            to: fields.optional("to", fields::address)?,
            value: fields.optional("value", fields::u256)?.unwrap_or_default(),
            data: data(&mut fields)?,
            gas: fields.required("gas", fields::u64)?,
            fees,
            access_list: fields.optional("accessList", access_list::read)?.unwrap_or_default(),
        };
        fields.finish()?;
        Ok(read)
    }

    /// The request as JSON; [`Transaction::from_json`] reads it again.
    pub fn to_json(&self) -> Value {
        json!({
            "type": "0x2",
            "chainId": format!("{:#x}", self.chain.get()),
            "from": canonical::json(&self.from),
            "nonce": format!("{:#x}", self.nonce),
            "to": canonical::json(&self.to),
            "value": format!("{:#x}", self.value),
            "data": canonical::json(&self.data),
            "gas": format!("{:#x}", self.gas),
            "maxFeePerGas": format!("{:#x}", self.fees.max_fee_per_gas),
            "maxPriorityFeePerGas": format!("{:#x}", self.fees.max_priority_fee_per_gas),
            "accessList": access_list::body(&self.access_list),
        })
    }

    /// What is signed: `keccak256(0x02 ‖ rlp([…]))`.
    pub fn digest(&self) -> B256 {
        self.unsigned().signature_hash()
    }

    /// The transaction as alloy has it, to be sent with its signature.
    pub fn unsigned(&self) -> TxEip1559 {
        TxEip1559 {
            chain_id: self.chain.get(),
            nonce: self.nonce,
            gas_limit: self.gas,
            max_fee_per_gas: self.fees.max_fee_per_gas,
            max_priority_fee_per_gas: self.fees.max_priority_fee_per_gas,
            to: self.to.map_or(TxKind::Create, TxKind::Call),
            value: self.value,
            access_list: self.access_list.clone(),
            input: self.data.clone(),
        }
    }

    /// The sender's nonce on its chain.
    pub fn slot(&self) -> OnceSlot {
        OnceSlot::Nonce {
            chain: Some(self.chain),
            contract: None,
            holder: Some(self.from),
            nonce: U256::from(self.nonce),
        }
    }

    /// The most that its gas can cost, in wei; the value comes on top.
    pub fn max_cost_wei(&self) -> U256 {
        U256::from(self.gas).saturating_mul(U256::from(self.fees.max_fee_per_gas))
    }

    /// The call, taken apart to the leaves; `None` for a transaction that creates a contract.
    pub fn call(&self) -> Option<PreviewCall> {
        let (value, data) = (self.value, self.data.clone());
        self.to.map(|to| PreviewCall::of(&Call { to, value, data }, self.from))
    }

    /// What it does to whom. A contract that is created is not looked into.
    pub fn effects(&self) -> Effects {
        let mut effects = Effects::default();
        match self.call() {
            Some(call) => effects.add_calls(&[call]),
            None => effects.add_creation(self.from, self.nonce, self.value),
        }
        effects
    }

    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        let created = self.to.is_none().then(|| {
            json!({
                "address": canonical::json(&self.from.create(self.nonce)),
                "value": preview_decimal(self.value),
                "initCodeLength": self.data.len(),
                "initCodeHash": canonical::json(&keccak256(&self.data)),
            })
        });
        let body = json!({
            "digest": canonical::json(&self.digest()),
            "chain": self.chain,
            "from": canonical::json(&self.from),
            "nonce": self.nonce,
            "gas": self.gas,
            "maxFeePerGas": self.fees.max_fee_per_gas.to_string(),
            "maxPriorityFeePerGas": self.fees.max_priority_fee_per_gas.to_string(),
            "maxCostWei": preview_decimal(self.max_cost_wei()),
            "accessList": access_list::body(&self.access_list),
            "call": self.call().as_ref().map(call_body),
            "creates": created,
        });
        CanonicalPreview::new(SignableKind::Transaction, body)
    }

    /// The transaction for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("transaction of {} on chain {}, nonce {}", self.from, self.chain, self.nonce),
            format!("gas costs at most {} wei", self.max_cost_wei()),
        ];
        match self.call() {
            Some(call) => call_lines(&call, "1", &mut lines),
            None => lines.push(format!(
                "1. create contract {} from {} bytes of init code (hash {:#x}) with {} wei",
                self.from.create(self.nonce),
                self.data.len(),
                keccak256(&self.data),
                self.value
            )),
        }
        lines.push(format!("digest {:#x}", self.digest()));
        lines
    }
}

fn eip1559(value: &Value) -> Result<(), Problem> {
    match fields::u64(value)? {
        2 => Ok(()),
        _ => Err(Problem::Invalid("is a type that is not signed, only 0x2 is")),
    }
}

/// Clients write `data` or `input`, some of them both.
fn data(fields: &mut Fields<'_>) -> Result<Bytes, ParseError> {
    let data = fields.optional("data", fields::bytes)?;
    let input = fields.optional("input", fields::bytes)?;
    match (data, input) {
        (Some(data), Some(input)) if data != input => {
            Err(ParseError::new("input", Problem::Invalid("is not the same as data")))
        }
        (data, input) => Ok(data.or(input).unwrap_or_default()),
    }
}
