//! A person's approval of one exact request, by an ordinary wallet key.
//!
//! It is EIP-712 typed data over the hash of the request, the hash of the preview that the person was shown, and an
//! expiry, on the request's chain. A cosigner recomputes the first two and verifies the third: an approval for anything
//! else, or of another preview, does not hold.

use alloy::primitives::{Address, B256, Bytes};
use countersign_userop::{ChainId, Signature65};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use crate::signed_struct;

mod eip712 {
    //! The typed data; the names are part of what is signed.
    alloy::sol! {
        #[derive(Debug)]
        struct Approval {
            bytes32 userOpHash;
            bytes32 preview;
            uint64 expiry;
        }
    }
}

/// The name of the EIP-712 domain of approvals; its version is 1, and its chain is the request's.
pub const APPROVAL_DOMAIN: &str = "CountersignApproval";

/// What is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalSubject {
    /// The chain.
    pub chain: ChainId,
    /// The userOpHash; of other kinds of request the digest that is signed.
    pub hash: B256,
    /// The hash of the preview.
    pub preview: B256,
}

impl ApprovalSubject {
    /// The EIP-712 digest that a person's wallet signs.
    #[must_use]
    pub fn digest(&self, expiry: u64) -> B256 {
        let typed = eip712::Approval { userOpHash: self.hash, preview: self.preview, expiry };
        signed_struct::digest(APPROVAL_DOMAIN, self.chain, &typed)
    }

    /// The whole as JSON for `eth_signTypedData_v4`.
    #[must_use]
    pub fn typed_data(&self, expiry: u64) -> Value {
        let message = json!({ "userOpHash": self.hash, "preview": self.preview, "expiry": expiry });
        signed_struct::typed_data::<eip712::Approval>(APPROVAL_DOMAIN, self.chain, message)
    }
}

/// One person's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedApproval {
    /// Who approves.
    pub approver: Address,
    /// The chain that it was made for.
    pub chain_id: ChainId,
    /// The userOpHash that it was made for.
    pub user_op_hash: B256,
    /// The preview that was shown.
    pub preview: B256,
    /// The last second, since 1970, at which it holds.
    pub expiry: u64,
    /// `r`, `s` and `v`.
    pub signature: Bytes,
}

/// Why an approval does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// It was made for another chain.
    #[error("the approval of {approver} is for chain {theirs}, this is chain {ours}")]
    Chain {
        /// Who approved.
        approver: Address,
        /// What it says.
        theirs: ChainId,
        /// What the request is for.
        ours: ChainId,
    },
    /// It was made for another operation.
    #[error("the approval of {approver} is for the operation {theirs}, this is {ours}")]
    Operation {
        /// Who approved.
        approver: Address,
        /// What it says.
        theirs: B256,
        /// What the request is.
        ours: B256,
    },
    /// It was made of another preview.
    #[error("the approval of {approver} is of the preview {theirs}, ours is {ours}")]
    Preview {
        /// Who approved.
        approver: Address,
        /// What it says.
        theirs: B256,
        /// What we would show.
        ours: B256,
    },
    /// Too late.
    #[error("the approval of {approver} expired at {expiry}, it is {now}")]
    Expired {
        /// Who approved.
        approver: Address,
        /// When it expired, in seconds since 1970.
        expiry: u64,
        /// The time now.
        now: u64,
    },
    /// It is not theirs.
    #[error("the approval is not signed by {approver}")]
    Signature {
        /// Who is said to approve.
        approver: Address,
    },
}

impl SignedApproval {
    /// Verifies it for what we recomputed; gives the person.
    ///
    /// # Errors
    /// [`ApprovalError`] names what does not fit.
    pub fn verify(&self, subject: &ApprovalSubject, now: u64) -> Result<Address, ApprovalError> {
        let approver = self.approver;
        if self.chain_id != subject.chain {
            let (theirs, ours) = (self.chain_id, subject.chain);
            return Err(ApprovalError::Chain { approver, theirs, ours });
        }
        if self.user_op_hash != subject.hash {
            let (theirs, ours) = (self.user_op_hash, subject.hash);
            return Err(ApprovalError::Operation { approver, theirs, ours });
        }
        if self.preview != subject.preview {
            let (theirs, ours) = (self.preview, subject.preview);
            return Err(ApprovalError::Preview { approver, theirs, ours });
        }
        if now > self.expiry {
            return Err(ApprovalError::Expired { approver, expiry: self.expiry, now });
        }
        let signer = <[u8; 65]>::try_from(self.signature.as_ref())
            .ok()
            .and_then(|bytes| Signature65::new(bytes).ok())
            .and_then(|signature| signature.recover(subject.digest(self.expiry)));
        match signer {
            Some(signer) if signer == approver => Ok(approver),
            _ => Err(ApprovalError::Signature { approver }),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::dyn_abi::TypedData;
    use alloy::signers::SignerSync;
    use alloy::signers::local::PrivateKeySigner;

    use super::*;

    const NOW: u64 = 1_000;

    fn subject() -> ApprovalSubject {
        ApprovalSubject {
            chain: ChainId::new(5),
            hash: B256::repeat_byte(1),
            preview: B256::repeat_byte(2),
        }
    }

    fn approval(wallet: &PrivateKeySigner) -> SignedApproval {
        let subject = subject();
        let signature = wallet.sign_hash_sync(&subject.digest(NOW)).unwrap();
        SignedApproval {
            approver: wallet.address(),
            chain_id: subject.chain,
            user_op_hash: subject.hash,
            preview: subject.preview,
            expiry: NOW,
            signature: signature.as_bytes().into(),
        }
    }

    #[test]
    fn a_person_approves_what_they_were_shown_and_nothing_else() {
        let wallet = PrivateKeySigner::random();
        let good = approval(&wallet);
        assert_eq!(good.verify(&subject(), NOW), Ok(wallet.address()));
        let other = B256::repeat_byte(9);
        let chain = ApprovalSubject { chain: ChainId::new(6), ..subject() };
        assert!(matches!(good.verify(&chain, NOW), Err(ApprovalError::Chain { .. })));
        let hash = ApprovalSubject { hash: other, ..subject() };
        assert!(matches!(good.verify(&hash, NOW), Err(ApprovalError::Operation { .. })));
        let preview = ApprovalSubject { preview: other, ..subject() };
        assert!(matches!(good.verify(&preview, NOW), Err(ApprovalError::Preview { .. })));
        assert!(matches!(good.verify(&subject(), NOW + 1), Err(ApprovalError::Expired { .. })));
    }

    #[test]
    fn an_approval_that_says_what_its_signature_does_not_is_forged() {
        let good = approval(&PrivateKeySigner::random());
        let other = B256::repeat_byte(9);
        let forged = |approval: SignedApproval, subject: ApprovalSubject| {
            let error = approval.verify(&subject, NOW).unwrap_err();
            assert!(matches!(error, ApprovalError::Signature { .. }), "{error}");
        };
        let chain = ChainId::new(6);
        forged(
            SignedApproval { chain_id: chain, ..good.clone() },
            ApprovalSubject { chain, ..subject() },
        );
        forged(
            SignedApproval { user_op_hash: other, ..good.clone() },
            ApprovalSubject { hash: other, ..subject() },
        );
        forged(
            SignedApproval { preview: other, ..good.clone() },
            ApprovalSubject { preview: other, ..subject() },
        );
        forged(SignedApproval { expiry: NOW + 1, ..good.clone() }, subject());
        forged(SignedApproval { approver: Address::ZERO, ..good.clone() }, subject());
        forged(SignedApproval { signature: Bytes::new(), ..good }, subject());
    }

    #[test]
    fn the_typed_data_for_wallets_has_the_same_digest() {
        let typed: TypedData = serde_json::from_value(subject().typed_data(7)).unwrap();
        assert_eq!(typed.eip712_signing_hash().unwrap(), subject().digest(7));
    }
}
