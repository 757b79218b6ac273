//! Random operations from a seed that a failing test names.

use alloy::primitives::{Address, Bytes, U256};
use countersign_userop::{
    ChainId, Eip7702Auth, EntryPointVersion, Factory, Fees, GasLimits, Paymaster, UserOperation,
};
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};

/// A generator, and the seed that makes it again: `COUNTERSIGN_TEST_SEED`, or a fresh one.
pub(crate) fn seeded() -> (StdRng, u64) {
    let given = std::env::var("COUNTERSIGN_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| rand::rng().next_u64());
    (StdRng::seed_from_u64(seed), seed)
}

/// An operation with every part that its version may have, each present or absent at random.
pub(crate) fn random_operation(rng: &mut StdRng, version: EntryPointVersion) -> UserOperation {
    let op = UserOperation::new(version, address(rng), number(rng), data(rng))
        .with_gas(GasLimits { call: gas(rng), verification: gas(rng), pre_verification: gas(rng) })
        .with_fees(Fees { max_fee_per_gas: gas(rng), max_priority_fee_per_gas: gas(rng) })
        .with_signature(data(rng));
    let op = match rng.random_range(0..3) {
        0 => op,
        1 => op.with_factory(Some(Factory::contract(address(rng), data(rng)))),
        _ if version.supports_eip7702_marker() => op
            .with_factory(Some(Factory::eip7702(data(rng))))
            .with_eip7702_auth(Some(authorization(rng))),
        _ => op.with_eip7702_auth(Some(authorization(rng))),
    };
    match rng.random_bool(0.6) {
        true => {
            let paymaster = paymaster(rng);
            op.with_paymaster(Some(with_magic(rng, paymaster)))
        }
        false => op,
    }
}

/// Ends `paymasterAndData` where a signature precedes it, on 0.9; data like any other before that.
pub(crate) const MAGIC: [u8; 8] = [0x22, 0xe3, 0x25, 0xa2, 0x97, 0x43, 0x96, 0x56];

/// Now and then the data itself ends in the magic: alone, after a length of zero, or after the length of
/// a signature that is in the data. A length beyond the data is left out: the EntryPoint reverts on it.
fn with_magic(rng: &mut StdRng, paymaster: Paymaster) -> Paymaster {
    let length = match rng.random_range(0..8) {
        0 => return Paymaster { data: MAGIC.into(), ..paymaster },
        1 => 0,
        2 | 3 => rng.random_range(0..=paymaster.data.len().min(usize::from(u16::MAX))),
        _ => return paymaster,
    };
    let length = u16::try_from(length).unwrap().to_be_bytes();
    let data = [&paymaster.data[..], &length, &MAGIC].concat().into();
    Paymaster { data, ..paymaster }
}

/// A paymaster, half of them with a signature; only 0.9 keeps it.
pub(crate) fn paymaster(rng: &mut StdRng) -> Paymaster {
    let signature = rng.random_bool(0.5).then(|| data(rng));
    Paymaster {
        address: address(rng),
        verification_gas_limit: gas(rng),
        post_op_gas_limit: gas(rng),
        data: data(rng),
        signature,
    }
}

pub(crate) fn address(rng: &mut StdRng) -> Address {
    Address::from(rng.random::<[u8; 20]>())
}

/// Of any length in bytes, so that small numbers are as likely as large ones.
pub(crate) fn number(rng: &mut StdRng) -> U256 {
    U256::from_be_bytes(rng.random::<[u8; 32]>()) >> rng.random_range(0..=256)
}

fn gas(rng: &mut StdRng) -> u128 {
    number(rng).wrapping_to()
}

/// Often nothing, usually some words, now and then a lot.
fn data(rng: &mut StdRng) -> Bytes {
    let length = match rng.random_range(0..10) {
        0 | 1 => 0,
        2..9 => rng.random_range(1..300),
        _ => rng.random_range(300..5000),
    };
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes.into()
}

fn authorization(rng: &mut StdRng) -> Eip7702Auth {
    Eip7702Auth {
        chain_id: ChainId::new(rng.random()),
        address: address(rng),
        nonce: rng.random(),
        y_parity: rng.random(),
        r: number(rng),
        s: number(rng),
    }
}
