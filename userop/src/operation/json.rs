//! An operation as ERC-7769 writes it in JSON.
//!
//! Reading is strict where a slip would change what is signed: every number is a `0x` quantity, a
//! field of another version and a field of unknown name are errors, `null` counts as absent.
//! It is lenient where nothing can be misread: an absent `signature`, `initCode`,
//! `paymasterAndData`, `factoryData` or `paymasterData` is empty, quantities may have leading zeros.

use alloy::primitives::{Address, Bytes, hex::ToHexExt};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    ChainId, Eip7702Auth, EntryPointVersion, Factory, Fees, GasLimits, ParseError, Paymaster,
    UserOperation,
    error::Problem,
    fields::{Fields, address, bytes, u64, u128, u256},
    paymaster::{Suffix, split_signature},
};

const MARKER_TOO_EARLY: Problem =
    Problem::Invalid("is the EIP-7702 marker, which needs EntryPoint 0.8 or 0.9");

/// No operation is longer as JSON text.
const MAX_JSON_BYTES: usize = 1024 * 1024;

/// Whether gas values may still be missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gas {
    Required,
    ZeroIfAbsent,
}

impl UserOperation {
    /// Reads a complete operation; only its `signature` may be missing, and is then empty.
    ///
    /// # Errors
    /// Names the first field that is not as ERC-7769 has it for this version.
    pub fn from_json(version: EntryPointVersion, json: &Value) -> Result<Self, ParseError> {
        read(version, json, Gas::Required)
    }

    /// Reads a complete operation from JSON text.
    ///
    /// # Errors
    /// As [`UserOperation::from_json`], and if the text is too long or no JSON.
    pub fn from_slice(version: EntryPointVersion, text: &[u8]) -> Result<Self, ParseError> {
        let error = |problem| ParseError::new("userOp", problem);
        if text.len() > MAX_JSON_BYTES {
            return Err(error(Problem::TooLong { max: MAX_JSON_BYTES }));
        }
        let json =
            serde_json::from_slice(text).map_err(|_| error(Problem::Invalid("is no JSON")))?;
        Self::from_json(version, &json)
    }

    /// Reads an operation whose gas limits and fees may be missing, as `eth_estimateUserOperationGas`
    /// takes it; what is missing is zero.
    ///
    /// # Errors
    /// As [`UserOperation::from_json`].
    pub fn from_unpriced_json(
        version: EntryPointVersion,
        json: &Value,
    ) -> Result<Self, ParseError> {
        read(version, json, Gas::ZeroIfAbsent)
    }

    /// The operation as JSON-RPC sends it. Addresses are lower case, `signature` is always there.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: String| object.insert(name.to_owned(), value.into());
        put("sender", hex_address(self.sender()));
        put("nonce", format!("{:#x}", self.nonce()));
        put("callData", hex_bytes(self.call_data()));
        let (gas, fees) = (self.gas(), self.fees());
        put("callGasLimit", quantity(gas.call));
        put("verificationGasLimit", quantity(gas.verification));
        put("preVerificationGas", quantity(gas.pre_verification));
        put("maxFeePerGas", quantity(fees.max_fee_per_gas));
        put("maxPriorityFeePerGas", quantity(fees.max_priority_fee_per_gas));
        put("signature", hex_bytes(self.signature()));
        if self.version() == EntryPointVersion::V0_6 {
            put("initCode", hex_bytes(&self.init_code()));
            let paymaster = self.paymaster().map(Paymaster::unpacked).unwrap_or_default();
            put("paymasterAndData", hex_bytes(&paymaster));
        } else {
            put_factory(&mut put, self.factory());
            put_paymaster(&mut put, self.paymaster());
        }
        if let Some(auth) = self.eip7702_auth() {
            object.insert("eip7702Auth".to_owned(), auth_json(auth));
        }
        Value::Object(object)
    }
}

impl Serialize for UserOperation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

fn put_factory(put: &mut impl FnMut(&str, String) -> Option<Value>, factory: Option<&Factory>) {
    let Some(factory) = factory else { return };
    if factory.is_eip7702() && factory.data.is_empty() {
        put("factory", "0x7702".to_owned());
        return;
    }
    put("factory", hex_address(factory.address));
    put("factoryData", hex_bytes(&factory.data));
}

fn put_paymaster(
    put: &mut impl FnMut(&str, String) -> Option<Value>,
    paymaster: Option<&Paymaster>,
) {
    let Some(paymaster) = paymaster else { return };
    put("paymaster", hex_address(paymaster.address));
    put("paymasterVerificationGasLimit", quantity(paymaster.verification_gas_limit));
    put("paymasterPostOpGasLimit", quantity(paymaster.post_op_gas_limit));
    put("paymasterData", hex_bytes(&paymaster.data));
    if let Some(signature) = &paymaster.signature {
        put("paymasterSignature", hex_bytes(signature));
    }
}

fn auth_json(auth: &Eip7702Auth) -> Value {
    serde_json::json!({
        "chainId": format!("{:#x}", auth.chain_id.get()),
        "address": hex_address(auth.address),
        "nonce": format!("{:#x}", auth.nonce),
        "yParity": quantity(u128::from(auth.y_parity)),
        "r": format!("{:#066x}", auth.r),
        "s": format!("{:#066x}", auth.s),
    })
}

fn hex_bytes(bytes: &[u8]) -> String {
    bytes.encode_hex_with_prefix()
}

fn hex_address(address: Address) -> String {
    hex_bytes(address.as_slice())
}

fn quantity(number: u128) -> String {
    format!("{number:#x}")
}

fn read(version: EntryPointVersion, json: &Value, mode: Gas) -> Result<UserOperation, ParseError> {
    let mut fields = Fields::of(json, "userOp")?;
    let sender = fields.required("sender", address)?;
    let nonce = fields.required("nonce", u256)?;
    let call_data = fields.required("callData", bytes)?;
    let gas = GasLimits {
        call: gas_value(&mut fields, "callGasLimit", mode)?,
        verification: gas_value(&mut fields, "verificationGasLimit", mode)?,
        pre_verification: gas_value(&mut fields, "preVerificationGas", mode)?,
    };
    let fees = Fees {
        max_fee_per_gas: gas_value(&mut fields, "maxFeePerGas", mode)?,
        max_priority_fee_per_gas: gas_value(&mut fields, "maxPriorityFeePerGas", mode)?,
    };
    let signature = fields.optional("signature", bytes)?.unwrap_or_default();
    let auth = fields
        .take("eip7702Auth")
        .map(read_auth)
        .transpose()
        .map_err(|error| error.inside("eip7702Auth"))?;
    let (factory, paymaster) = if version == EntryPointVersion::V0_6 {
        read_unpacked_parts(&mut fields)?
    } else {
        fields.refuse(&["initCode", "paymasterAndData"], &Problem::NotInVersion(version))?;
        let factory = read_factory(&mut fields, version, auth.is_some())?;
        (factory, read_paymaster(&mut fields, version, mode)?)
    };
    fields.finish()?;
    Ok(UserOperation::new(version, sender, nonce, call_data)
        .with_factory(factory)
        .with_gas(gas)
        .with_fees(fees)
        .with_paymaster(paymaster)
        .with_signature(signature)
        .with_eip7702_auth(auth))
}

fn gas_value(fields: &mut Fields<'_>, name: &'static str, mode: Gas) -> Result<u128, ParseError> {
    match mode {
        Gas::Required => fields.required(name, u128),
        Gas::ZeroIfAbsent => Ok(fields.optional(name, u128)?.unwrap_or(0)),
    }
}

fn read_unpacked_parts(
    fields: &mut Fields<'_>,
) -> Result<(Option<Factory>, Option<Paymaster>), ParseError> {
    let later = [
        "factory",
        "factoryData",
        "paymaster",
        "paymasterData",
        "paymasterVerificationGasLimit",
        "paymasterPostOpGasLimit",
        "paymasterSignature",
    ];
    fields.refuse(&later, &Problem::NotInVersion(EntryPointVersion::V0_6))?;
    let factory = fields.optional("initCode", address_and_data)?.flatten();
    let factory = factory.map(|(address, data)| Factory::contract(address, data));
    if factory.as_ref().is_some_and(Factory::is_eip7702) {
        return Err(ParseError::new("initCode", MARKER_TOO_EARLY));
    }
    let paymaster = fields.optional("paymasterAndData", address_and_data)?.flatten();
    let paymaster =
        paymaster.map(|(address, data)| Paymaster { address, data, ..Paymaster::default() });
    Ok((factory, paymaster))
}

/// Nothing, or an address and what follows it.
fn address_and_data(value: &Value) -> Result<Option<(Address, Bytes)>, Problem> {
    let bytes = bytes(value)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    match bytes.split_first_chunk::<20>() {
        Some((address, _)) => Ok(Some((Address::from(*address), bytes.slice(20..)))),
        None => Err(Problem::TooShort { min: 20 }),
    }
}

fn read_factory(
    fields: &mut Fields<'_>,
    version: EntryPointVersion,
    authorized: bool,
) -> Result<Option<Factory>, ParseError> {
    let factory = fields.optional("factory", factory_address)?;
    let data = fields.optional("factoryData", bytes)?;
    let Some(address) = factory else {
        return match data {
            Some(data) if !data.is_empty() => {
                Err(ParseError::new("factoryData", Problem::Needs("factory")))
            }
            _ => Ok(None),
        };
    };
    let factory = Factory::contract(address, data.unwrap_or_default());
    if factory.is_eip7702() && !version.supports_eip7702_marker() {
        return Err(ParseError::new("factory", MARKER_TOO_EARLY));
    }
    if factory.is_eip7702() && !authorized {
        // The hash covers the delegate, which nothing else in the operation names.
        return Err(ParseError::new("eip7702Auth", Problem::Missing));
    }
    Ok(Some(factory))
}

/// An address, or the EIP-7702 marker in its short form.
fn factory_address(value: &Value) -> Result<Address, Problem> {
    match value.as_str() {
        Some("0x7702") => Ok(Factory::eip7702(Bytes::new()).address),
        _ => address(value),
    }
}

fn read_paymaster(
    fields: &mut Fields<'_>,
    version: EntryPointVersion,
    mode: Gas,
) -> Result<Option<Paymaster>, ParseError> {
    if !version.has_paymaster_signature() {
        fields.refuse(&["paymasterSignature"], &Problem::NotInVersion(version))?;
    }
    let Some(address) = fields.optional("paymaster", address)? else {
        let parts = [
            "paymasterVerificationGasLimit",
            "paymasterPostOpGasLimit",
            "paymasterData",
            "paymasterSignature",
        ];
        fields.refuse(&parts, &Problem::Needs("paymaster"))?;
        return Ok(None);
    };
    let mut paymaster = Paymaster {
        address,
        verification_gas_limit: gas_value(fields, "paymasterVerificationGasLimit", mode)?,
        post_op_gas_limit: gas_value(fields, "paymasterPostOpGasLimit", mode)?,
        data: fields.optional("paymasterData", bytes)?.unwrap_or_default(),
        signature: fields.optional("paymasterSignature", paymaster_signature)?,
    };
    if version.has_paymaster_signature() && paymaster.signature.is_none() {
        move_signature_out_of_data(&mut paymaster)?;
    }
    Ok(Some(paymaster))
}

fn paymaster_signature(value: &Value) -> Result<Bytes, Problem> {
    let signature = bytes(value)?;
    match signature.len() {
        0 => Err(Problem::Invalid("is empty, leave it out or give a stub of its final length")),
        length if length > usize::from(u16::MAX) => {
            Err(Problem::TooLong { max: usize::from(u16::MAX) })
        }
        _ => Ok(signature),
    }
}

/// `paymasterData` may hold the signature in its on-chain form; the EntryPoint reads it as one.
fn move_signature_out_of_data(paymaster: &mut Paymaster) -> Result<(), ParseError> {
    let (data, signature) = match split_signature(&paymaster.data, 0) {
        Suffix::None => return Ok(()),
        Suffix::Signature { data, signature } => (data.to_vec(), signature.to_vec()),
        Suffix::BadLength => {
            let problem = Problem::Invalid("ends in a paymaster signature longer than itself");
            return Err(ParseError::new("paymasterData", problem));
        }
    };
    paymaster.data = data.into();
    paymaster.signature = Some(signature.into());
    Ok(())
}

fn read_auth(json: &Value) -> Result<Eip7702Auth, ParseError> {
    let mut fields = Fields::of(json, "authorization")?;
    let auth = Eip7702Auth {
        chain_id: ChainId::new(fields.required("chainId", u64)?),
        address: fields.required("address", address)?,
        nonce: fields.required("nonce", u64)?,
        y_parity: fields.required("yParity", parity)?,
        r: fields.required("r", u256)?,
        s: fields.required("s", u256)?,
    };
    fields.finish()?;
    Ok(auth)
}

fn parity(value: &Value) -> Result<bool, Problem> {
    match u256(value)?.try_into() {
        Ok(0_u8) => Ok(false),
        Ok(1_u8) => Ok(true),
        _ => Err(Problem::Invalid("must be 0x0 or 0x1")),
    }
}
