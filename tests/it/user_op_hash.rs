//! Our userOpHash against `getUserOpHash` of the EntryPoints themselves.

use alloy::primitives::{B256, Bytes};
use anyhow::{Context, ensure};
use countersign_devnet::Anvil;
use countersign_userop::{ChainId, EntryPointVersion, Factory, UserOperation};
use futures::{StreamExt, TryStreamExt, stream};

use crate::operations::{MAGIC, random_operation, seeded};

const OPERATIONS: usize = 250;
const AT_ONCE: usize = 16;

/// EntryPoint 0.9 is the release candidate 0.9.0-rc.1 from npm, put at the canonical address: the
/// code that real chains have there was not published as a package.
#[tokio::test]
async fn hashes_random_operations_of_every_version_as_its_entry_point_does() -> anyhow::Result<()> {
    let anvil = Anvil::start().await?;
    let deployments = anvil.deploy().await?;
    let (mut rng, seed) = seeded();
    for version in EntryPointVersion::ALL {
        let entry_point = deployments.entry_points[&version];
        let operations: Vec<_> =
            (0..OPERATIONS).map(|_| random_operation(&mut rng, version)).collect();
        must_cover_all_parts(version, &operations)?;
        stream::iter(&operations)
            .map(|op| delegate_code(&anvil, op))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        let theirs: Vec<B256> = stream::iter(&operations)
            .map(|op| async {
                let answer = anvil.call(entry_point, op.pack().get_user_op_hash_call()).await?;
                B256::try_from(&answer[..]).context("getUserOpHash answers one word")
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
            .with_context(|| format!("EntryPoint {version}, seed {seed}"))?;
        for (i, (op, theirs)) in operations.iter().zip(theirs).enumerate() {
            let ours = op.hash(entry_point, ChainId::new(anvil.chain_id()));
            ensure!(*ours.as_b256() == theirs, "{version} operation {i} of seed {seed}: {op:?}");
        }
    }
    Ok(())
}

/// Gives the sender the code that its authorization would: the EntryPoint reads the delegate there.
async fn delegate_code(anvil: &Anvil, op: &UserOperation) -> anyhow::Result<()> {
    let marked = op.factory().is_some_and(Factory::is_eip7702);
    let Some(auth) = op.eip7702_auth().filter(|_| marked) else { return Ok(()) };
    let code = [&[0xef, 0x01, 0x00], auth.address.as_slice()].concat();
    anvil.set_code(op.sender(), &Bytes::from(code)).await
}

/// A generator that stopped making some part would make the comparison worth less, unseen.
fn must_cover_all_parts(
    version: EntryPointVersion,
    operations: &[UserOperation],
) -> anyhow::Result<()> {
    let count = |part: fn(&UserOperation) -> bool| operations.iter().filter(|op| part(op)).count();
    let marker = count(|op| op.factory().is_some_and(Factory::is_eip7702));
    let bare_marker = count(|op| op.init_code().len() == 2);
    let factory = count(|op| op.factory().is_some()) - marker;
    let paymaster = count(|op| op.paymaster().is_some());
    let signed = count(|op| op.paymaster().is_some_and(|p| p.signature.is_some()));
    let magic = count(|op| {
        op.paymaster().is_some_and(|p| p.signature.is_none() && p.data.ends_with(&MAGIC))
    });
    ensure!(magic > 10, "{magic} paymasters whose data ends in the magic");
    ensure!(factory > 20 && paymaster > 20, "{factory} factories, {paymaster} paymasters");
    if version.supports_eip7702_marker() {
        ensure!(marker > 20 && bare_marker > 0, "{marker} markers, {bare_marker} bare");
    }
    ensure!((signed > 20) == version.has_paymaster_signature(), "{signed} paymaster signatures");
    Ok(())
}
