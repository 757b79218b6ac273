//! `cosigner keys`, `cosigner status` and `cosigner bans`

use alloy::primitives::Address;
use countersign_protocol::wire;
use serde_json::{Value, json};

use crate::operator::OperatorClient;

pub(super) async fn keys(operator: &mut OperatorClient, as_json: bool) -> anyhow::Result<()> {
    for key in operator.status().await?.keys {
        if as_json {
            println!("{}", key_json(&key)?);
        } else {
            println!("{}", key_line(&key)?);
        }
    }
    Ok(())
}

pub(super) async fn status(operator: &mut OperatorClient, as_json: bool) -> anyhow::Result<()> {
    let status = operator.status().await?;
    if as_json {
        let peer = |peer: &wire::PeerInfo| {
            json!({
                "party": peer.party,
                "name": peer.name,
                "addr": peer.addr,
                "connected": peer.connected,
            })
        };
        let keys = status.keys.iter().map(key_json).collect::<Result<Vec<_>, _>>()?;
        let summary = json!({
            "party": status.party,
            "name": status.name,
            "committee": hex::encode(&status.committee_hash),
            "software": status.software,
            "ready": status.ready,
            "keys": keys,
            "peers": status.peers.iter().map(peer).collect::<Vec<_>>(),
            "spoiled": status.spoiled.iter().map(spoiled_json).collect::<Vec<_>>(),
        });
        println!("{summary}");
        return Ok(());
    }
    let ready = if status.ready { "ready to sign" } else { "not ready to sign" };
    println!("party {} {:?}, {ready}, cosigner {}", status.party, status.name, status.software);
    println!("committee {}", hex::encode(&status.committee_hash));
    for key in &status.keys {
        println!("key {}", key_line(key)?);
    }
    for peer in &status.peers {
        let state = if peer.connected { "connected" } else { "not connected" };
        println!("peer {} {:?} at {}: {state}", peer.party, peer.name, peer.addr);
    }
    status.spoiled.iter().for_each(|spoiled| println!("{}", spoiled_line(spoiled)));
    Ok(())
}

pub(super) async fn bans(operator: &mut OperatorClient, as_json: bool) -> anyhow::Result<()> {
    for ban in operator.bans().await? {
        let wire::BanInfo { key, party, reason } = ban;
        if as_json {
            println!("{}", json!({ "key": key, "party": party, "reason": reason }));
        } else {
            println!("key {key}: party {party} is banned for ever: {reason}");
        }
    }
    for spoiled in operator.status().await?.spoiled {
        if as_json {
            println!("{}", spoiled_json(&spoiled));
        } else {
            println!("{}", spoiled_line(&spoiled));
        }
    }
    Ok(())
}

/// A party that collects these is not proven to cheat; it is worth a talk with its operator.
fn spoiled_line(spoiled: &wire::SpoiledInfo) -> String {
    let wire::SpoiledInfo { key, party, count } = spoiled;
    format!("key {key}: {count} signatures came out wrong with party {party}, nothing is proven")
}

fn spoiled_json(spoiled: &wire::SpoiledInfo) -> Value {
    json!({ "key": spoiled.key, "party": spoiled.party, "spoiled": spoiled.count })
}

fn key_line(key: &wire::KeyInfo) -> anyhow::Result<String> {
    let address = Address::try_from(key.address.as_slice())?;
    let wire::KeyInfo { name, purpose, state, threshold, parties, .. } = key;
    Ok(format!("{name} ({purpose}, {threshold} of {parties}, {state}) {address}"))
}

fn key_json(key: &wire::KeyInfo) -> anyhow::Result<Value> {
    Ok(json!({
        "name": key.name,
        "purpose": key.purpose,
        "state": key.state,
        "threshold": key.threshold,
        "parties": key.parties,
        "epoch": key.epoch,
        "address": Address::try_from(key.address.as_slice())?,
        "publicKey": format!("0x{}", hex::encode(&key.public_key)),
        "ceremony": hex::encode(&key.ceremony),
        "createdAt": key.created_at,
    }))
}
