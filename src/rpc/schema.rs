//! How Ethereum's values read in JSON: the schemas that the OpenRPC document names, and the few wire types of our own.

use std::borrow::Cow;

use countersign_userop::ChainId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! text_schema {
    ($($name:ident, $pattern:literal, $description:literal;)*) => {$(
        #[doc = $description]
        #[derive(Debug)]
        pub(super) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    )*};
}

text_schema! {
    Address, "^0x[0-9a-fA-F]{40}$", "An address: 20 bytes in hex.";
    Hash, "^0x[0-9a-fA-F]{64}$", "A hash: 32 bytes in hex.";
    Data, "^0x([0-9a-fA-F]{2})*$", "Bytes in hex, two digits each.";
    Quantity, "^0x[0-9a-fA-F]{1,64}$", "A number in hex.";
    EntryPointVersionText, "^0\\.[6-9]$", "An EntryPoint version: 0.6, 0.7, 0.8 or 0.9.";
    AccountKindText, "^(countersign|simple)$", "An account kind: countersign or simple.";
}

/// A chain id, written in hex as wallets write it; a plain number is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chain(pub(super) ChainId);

impl Serialize for Chain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:#x}", self.0.get()))
    }
}

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ChainId::deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Chain {
    fn schema_name() -> Cow<'static, str> {
        "ChainId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^0x[0-9a-fA-F]{1,16}$",
            "description": "An EIP-155 chain id in hex.",
        })
    }
}

/// A UserOperation as ERC-7769 writes it; which fields it has depends on the EntryPoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OperationJson(pub(super) serde_json::Value);

impl JsonSchema for OperationJson {
    fn schema_name() -> Cow<'static, str> {
        "UserOperation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let address = generator.subschema_for::<Address>();
        let data = generator.subschema_for::<Data>();
        let quantity = generator.subschema_for::<Quantity>();
        json_schema!({
            "type": "object",
            "description": "A UserOperation as ERC-7769 writes it. EntryPoint 0.6 has initCode and paymasterAndData; \
                            later ones have factory, factoryData and the paymaster fields; paymasterSignature is 0.9's.",
            "required": ["sender", "callData"],
            "properties": {
                "sender": address, "nonce": quantity, "callData": data,
                "initCode": data, "factory": address, "factoryData": data,
                "callGasLimit": quantity, "verificationGasLimit": quantity, "preVerificationGas": quantity,
                "maxFeePerGas": quantity, "maxPriorityFeePerGas": quantity,
                "paymasterAndData": data, "paymaster": address, "paymasterVerificationGasLimit": quantity,
                "paymasterPostOpGasLimit": quantity, "paymasterData": data, "paymasterSignature": data,
                "eip7702Auth": { "type": "object" }, "signature": data,
            },
        })
    }
}
