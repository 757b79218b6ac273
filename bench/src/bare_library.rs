//! The engine's own library and nothing around it: both signers of a 2-of-3 key, one after the other on one thread.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, anyhow};
use dkls23_secp256k1::Party;
use dkls23_secp256k1::protocols::Parameters;
use dkls23_secp256k1::protocols::re_key::re_key;
use dkls23_secp256k1::protocols::sign_session::SignSession;
use dkls23_secp256k1::protocols::signing::SignData;
use k256::elliptic_curve::ops::Reduce;

/// Two parties of a key dealt for this benchmark.
pub(crate) struct BareLibrary {
    signers: [Party; 2],
}

impl std::fmt::Debug for BareLibrary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BareLibrary").finish_non_exhaustive()
    }
}

impl BareLibrary {
    /// Deals a 2-of-3 key without a keygen.
    ///
    /// # Errors
    /// If the library deals fewer than two shares.
    pub(crate) fn deal() -> anyhow::Result<Self> {
        let parameters = Parameters { threshold: 2, share_count: 3 };
        let secret = <k256::Scalar as Reduce<k256::FieldBytes>>::reduce(&[7; 32].into());
        let (parties, _) =
            re_key::<k256::Secp256k1>(&parameters, &[1; 32], &secret, None, |_| String::new());
        let mut parties = parties.into_iter();
        let signers = [parties.next(), parties.next()].map(|p| p.context("a share is missing"));
        let [first, second] = signers;
        Ok(Self { signers: [first?, second?] })
    }

    /// Signs once and says how many milliseconds the two signers computed.
    ///
    /// # Errors
    /// If the library aborts.
    pub(crate) fn sign(&self, digest: [u8; 32], session: [u8; 32]) -> anyhow::Result<f64> {
        let started = Instant::now();
        let mut sessions = BTreeMap::new();
        let mut first = Vec::new();
        for party in &self.signers {
            let index = party.party_index;
            let data = SignData {
                sign_id: session.to_vec(),
                counterparties: self
                    .signers
                    .iter()
                    .map(|peer| peer.party_index)
                    .filter(|peer| *peer != index)
                    .collect(),
                message_hash: digest,
            };
            let (machine, messages) = SignSession::new(party, data).map_err(aborted)?;
            first.extend(messages);
            sessions.insert(index, machine);
        }
        let mut second = Vec::new();
        for (index, machine) in &mut sessions {
            let to_me: Vec<_> = first.extract_if(.., |m| m.parties.receiver == *index).collect();
            second.extend(machine.phase2(&to_me).map_err(aborted)?);
        }
        let mut third = Vec::new();
        for (index, machine) in &mut sessions {
            let to_me: Vec<_> = second.extract_if(.., |m| m.parties.receiver == *index).collect();
            third.push(machine.phase3(&to_me).map_err(aborted)?);
        }
        for machine in sessions.into_values() {
            machine.phase4(&third, true).map_err(aborted)?;
        }
        Ok(started.elapsed().as_secs_f64() * 1000.0)
    }
}

fn aborted(abort: dkls23_secp256k1::protocols::Abort) -> anyhow::Error {
    anyhow!("the library aborted: {abort:?}")
}
