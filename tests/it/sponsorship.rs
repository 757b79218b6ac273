//! What our paymaster's signer signs, against the paymaster's own `approvalDigest`.

use alloy::{
    primitives::{Address, B256, Bytes, aliases::U48},
    sol,
    sol_types::{SolCall, SolValue},
};
use anyhow::{Context, ensure};
use countersign_devnet::Anvil;
use countersign_userop::{
    ChainId, PackedOp, PackedUserOperation, SponsorWindow, UserOperation, sponsor_approval_digest,
};
use rand::Rng;

use crate::operations::{address, paymaster, random_operation, seeded};

sol! {
    interface SponsorPaymaster {
        struct Operation {
            address sender;
            uint256 nonce;
            bytes initCode;
            bytes callData;
            bytes32 accountGasLimits;
            uint256 preVerificationGas;
            bytes32 gasFees;
            bytes paymasterAndData;
            bytes signature;
        }
        function approvalDigest(Operation calldata userOp, uint48 validUntil, uint48 validAfter)
            external view returns (bytes32 digest);
    }
}

const OPERATIONS: usize = 50;

#[tokio::test]
async fn approves_the_digest_that_the_paymaster_computes() -> anyhow::Result<()> {
    let anvil = Anvil::start().await?;
    let deployments = anvil.deploy().await?;
    let paymasters = anvil.deploy_paymasters(Address::repeat_byte(0x51)).await?;
    ensure!(paymasters.len() == 3, "a paymaster for 0.7, 0.8 and 0.9");
    let (mut rng, seed) = seeded();
    for (version, contract) in paymasters {
        for i in 0..OPERATIONS {
            let op = random_operation(&mut rng, version).with_paymaster(Some(paymaster(&mut rng)));
            let delegate = match i % 2 {
                0 => Address::ZERO,
                _ => address(&mut rng),
            };
            if !delegate.is_zero() {
                let code = [&[0xef, 0x01, 0x00], delegate.as_slice()].concat();
                anvil.set_code(op.sender(), &Bytes::from(code)).await?;
            }
            let window = SponsorWindow::new(rng.random_range(1 << 40..1 << 48), rng.random())
                .or_else(|_| SponsorWindow::new(1 << 40, rng.random_range(0..1 << 40)))?;
            let theirs = digest_on_chain(&anvil, contract, &op, window).await?;
            let ours = sponsor_approval_digest(
                &op,
                contract,
                deployments.entry_points[&version],
                ChainId::new(anvil.chain_id()),
                delegate,
                window,
            );
            ensure!(ours == theirs, "{version} operation {i} of seed {seed}: {op:?} {window:?}");
        }
    }
    Ok(())
}

async fn digest_on_chain(
    anvil: &Anvil,
    paymaster: Address,
    op: &UserOperation,
    window: SponsorWindow,
) -> anyhow::Result<B256> {
    let PackedOp::Packed(op) = op.pack() else { anyhow::bail!("0.6 has no such paymaster") };
    let call = SponsorPaymaster::approvalDigestCall {
        userOp: operation(op)?,
        validUntil: U48::from(window.valid_until()),
        validAfter: U48::from(window.valid_after()),
    };
    let answer = anvil.call(paymaster, call.abi_encode().into()).await?;
    B256::try_from(&answer[..]).context("approvalDigest answers one word")
}

/// The same fields under the binding's own name.
fn operation(op: PackedUserOperation) -> anyhow::Result<SponsorPaymaster::Operation> {
    Ok(SponsorPaymaster::Operation::abi_decode(&op.abi_encode())?)
}
