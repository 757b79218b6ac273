//! The engine's types under the names this crate uses. Nothing here leaves the crate.

use dkls23_secp256k1::protocols::dkg;
use dkls23_secp256k1::protocols::signing;
use dkls23_secp256k1::utilities::proofs::DLogProof as GenericDLogProof;
use k256::Secp256k1;

pub(crate) use dkls23_secp256k1::protocols::dkg::{
    BroadcastDerivationPhase2to4 as ChainCodeCommitment,
    BroadcastDerivationPhase3to4 as ChainCodeReveal, KeepInitZeroSharePhase2to3 as KeptZero2,
    KeepInitZeroSharePhase3to4 as KeptZero3, TransmitInitZeroSharePhase2to4 as ZeroCommit,
    TransmitInitZeroSharePhase3to4 as ZeroReveal,
};
pub(crate) use dkls23_secp256k1::protocols::signing::SignData;
pub(crate) use dkls23_secp256k1::protocols::{
    Abort, AbortKind, AbortReason, Parameters, PartiesMessage, PartyIndex,
};
pub(crate) use dkls23_secp256k1::utilities::zero_shares::ZeroShare;
pub(crate) use dkls23_secp256k1::{Party, PublicKeyPackage};
pub(crate) use k256::{AffinePoint, Scalar};

pub(crate) type DerivData = dkls23_secp256k1::protocols::derivation::DerivData<Secp256k1>;
pub(crate) type DkgSession = dkls23_secp256k1::DkgSession<Secp256k1>;
pub(crate) type DLogProof = GenericDLogProof<Secp256k1>;
pub(crate) type ProofCommitment = dkg::ProofCommitment<Secp256k1>;
pub(crate) type KeptMul = dkg::KeepInitMulPhase3to4<Secp256k1>;
pub(crate) type MulInit = dkg::TransmitInitMulPhase3to4<Secp256k1>;

pub(crate) type Phase1 = signing::TransmitPhase1to2;
pub(crate) type Phase2 = signing::TransmitPhase2to3<Secp256k1>;
pub(crate) type Phase3 = signing::Broadcast3to4<Secp256k1>;
pub(crate) type KeptUnique1 = signing::UniqueKeep1to2<Secp256k1>;
pub(crate) type Kept1 = signing::KeepPhase1to2<Secp256k1>;
pub(crate) type KeptUnique2 = signing::UniqueKeep2to3<Secp256k1>;
pub(crate) type Kept2 = signing::KeepPhase2to3<Secp256k1>;
