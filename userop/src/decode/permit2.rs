//! Permit2: allowances that are kept, spent and signed for at one contract for all tokens.

use alloy::{
    primitives::{Address, U256},
    sol,
};
use serde::Serialize;

use super::{Action, named};

sol! {
    struct Details {
        address token;
        uint160 amount;
        uint48 expiration;
        uint48 nonce;
    }
    struct Single {
        Details details;
        address spender;
        uint256 sigDeadline;
    }
    struct Batch {
        Details[] details;
        address spender;
        uint256 sigDeadline;
    }
    struct Move {
        address from;
        address to;
        uint160 amount;
        address token;
    }
    struct Pair {
        address token;
        address spender;
    }
    struct Permission {
        address token;
        uint256 amount;
    }
    struct Permitted {
        Permission permitted;
        uint256 nonce;
        uint256 deadline;
    }
    struct PermittedBatch {
        Permission[] permitted;
        uint256 nonce;
        uint256 deadline;
    }
    struct Requested {
        address to;
        uint256 requestedAmount;
    }

    interface Allowances {
        function approve(address token, address spender, uint160 amount, uint48 expiration) external;
        function permit(address owner, Single permitSingle, bytes signature) external;
        function transferFrom(address from, address to, uint160 amount, address token) external;
        function lockdown(Pair[] approvals) external;
        function invalidateNonces(address token, address spender, uint48 newNonce) external;
        function invalidateUnorderedNonces(uint256 wordPos, uint256 mask) external;
    }
    interface AllowanceBatches {
        function permit(address owner, Batch permitBatch, bytes signature) external;
        function transferFrom(Move[] transferDetails) external;
    }
    interface SignatureTransfers {
        function permitTransferFrom(
            Permitted permit, Requested transferDetails, address owner, bytes signature
        ) external;
        function permitWitnessTransferFrom(
            Permitted permit, Requested transferDetails, address owner, bytes32 witness,
            string witnessTypeString, bytes signature
        ) external;
    }
    interface SignatureTransferBatches {
        function permitTransferFrom(
            PermittedBatch permit, Requested[] transferDetails, address owner, bytes signature
        ) external;
        function permitWitnessTransferFrom(
            PermittedBatch permit, Requested[] transferDetails, address owner, bytes32 witness,
            string witnessTypeString, bytes signature
        ) external;
    }
}

/// What a call to Permit2 does. Its amounts of allowances have 160 bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant's one line names the function whose arguments it has")]
pub enum Permit2Call {
    /// `approve`: an allowance, until `expiration`.
    Approve { token: Address, spender: Address, amount: U256, expiration: u64 },
    /// `permit` of one token or several: allowances that `owner` signed.
    Permit { owner: Address, spender: Address, allowances: Vec<Permit2Allowance>, deadline: U256 },
    /// `transferFrom` of one token or several.
    Transfer { transfers: Vec<Permit2Transfer> },
    /// `permitTransferFrom` and `permitWitnessTransferFrom`: transfers that `owner` signed.
    SignedTransfer { owner: Address, transfers: Vec<Permit2Transfer>, nonce: U256 },
    /// `lockdown`: allowances taken back.
    Lockdown { pairs: Vec<Permit2Pair> },
    /// `invalidateNonces`: signed allowances below a nonce void.
    InvalidateNonces { token: Address, spender: Address, new_nonce: u64 },
    /// `invalidateUnorderedNonces`: signed transfers of these nonces void.
    InvalidateUnorderedNonces { word: U256, mask: U256 },
}

/// One allowance that a signature grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are Permit2's own")]
pub struct Permit2Allowance {
    pub token: Address,
    pub amount: U256,
    pub expiration: u64,
    pub nonce: u64,
}

/// One transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are Permit2's own")]
pub struct Permit2Transfer {
    pub token: Address,
    pub from: Address,
    pub to: Address,
    pub amount: U256,
}

/// One allowance that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are Permit2's own")]
pub struct Permit2Pair {
    pub token: Address,
    pub spender: Address,
}

pub(super) fn decode(data: &[u8]) -> Option<Action> {
    allowance(data).or_else(|| signed_transfer(data))
}

const fn permit2(call: Permit2Call) -> Action {
    Action::Permit2 { call }
}

fn allowance(data: &[u8]) -> Option<Action> {
    named(data, |c: Allowances::approveCall| {
        let (amount, expiration) = (U256::from(c.amount), c.expiration.to());
        permit2(Permit2Call::Approve { token: c.token, spender: c.spender, amount, expiration })
    })
    .or_else(|| {
        named(data, |c: Allowances::permitCall| {
            let Single { details, spender, sigDeadline: deadline } = c.permitSingle;
            let allowances = vec![granted(&details)];
            permit2(Permit2Call::Permit { owner: c.owner, spender, allowances, deadline })
        })
    })
    .or_else(|| {
        named(data, |c: AllowanceBatches::permitCall| {
            let Batch { details, spender, sigDeadline: deadline } = c.permitBatch;
            let allowances = details.iter().map(granted).collect();
            permit2(Permit2Call::Permit { owner: c.owner, spender, allowances, deadline })
        })
    })
    .or_else(|| {
        named(data, |c: Allowances::transferFromCall| {
            let Allowances::transferFromCall { from, to, amount, token } = c;
            let one = Permit2Transfer { token, from, to, amount: U256::from(amount) };
            permit2(Permit2Call::Transfer { transfers: vec![one] })
        })
    })
    .or_else(|| {
        named(data, |c: AllowanceBatches::transferFromCall| {
            let moves = c.transferDetails.into_iter();
            let one = |m: Move| {
                let (from, to, amount) = (m.from, m.to, U256::from(m.amount));
                Permit2Transfer { token: m.token, from, to, amount }
            };
            permit2(Permit2Call::Transfer { transfers: moves.map(one).collect() })
        })
    })
    .or_else(|| revocation(data))
}

fn revocation(data: &[u8]) -> Option<Action> {
    named(data, |c: Allowances::lockdownCall| {
        let pair = |p: Pair| Permit2Pair { token: p.token, spender: p.spender };
        permit2(Permit2Call::Lockdown { pairs: c.approvals.into_iter().map(pair).collect() })
    })
    .or_else(|| {
        named(data, |c: Allowances::invalidateNoncesCall| {
            let (token, spender, new_nonce) = (c.token, c.spender, c.newNonce.to());
            permit2(Permit2Call::InvalidateNonces { token, spender, new_nonce })
        })
    })
    .or_else(|| {
        named(data, |c: Allowances::invalidateUnorderedNoncesCall| {
            permit2(Permit2Call::InvalidateUnorderedNonces { word: c.wordPos, mask: c.mask })
        })
    })
}

fn signed_transfer(data: &[u8]) -> Option<Action> {
    let single = |permit: &Permitted, requested: &Requested, owner: Address| {
        let transfers = vec![moved(&permit.permitted, requested, owner)];
        permit2(Permit2Call::SignedTransfer { owner, transfers, nonce: permit.nonce })
    };
    named(data, |c: SignatureTransfers::permitTransferFromCall| {
        single(&c.permit, &c.transferDetails, c.owner)
    })
    .or_else(|| {
        named(data, |c: SignatureTransfers::permitWitnessTransferFromCall| {
            single(&c.permit, &c.transferDetails, c.owner)
        })
    })
    .or_else(|| {
        named(data, |c: SignatureTransferBatches::permitTransferFromCall| {
            several(&c.permit, &c.transferDetails, c.owner)
        })
    })
    .or_else(|| {
        named(data, |c: SignatureTransferBatches::permitWitnessTransferFromCall| {
            several(&c.permit, &c.transferDetails, c.owner)
        })
    })
}

/// Permit2 reverts when the arrays differ in length; what has no partner then moves nothing.
fn several(permit: &PermittedBatch, requested: &[Requested], owner: Address) -> Action {
    let pairs = permit.permitted.iter().zip(requested);
    let transfers = pairs.map(|(permission, requested)| moved(permission, requested, owner));
    let (transfers, nonce) = (transfers.collect(), permit.nonce);
    permit2(Permit2Call::SignedTransfer { owner, transfers, nonce })
}

fn granted(details: &Details) -> Permit2Allowance {
    Permit2Allowance {
        token: details.token,
        amount: U256::from(details.amount),
        expiration: details.expiration.to(),
        nonce: details.nonce.to(),
    }
}

const fn moved(permission: &Permission, requested: &Requested, owner: Address) -> Permit2Transfer {
    Permit2Transfer {
        token: permission.token,
        from: owner,
        to: requested.to,
        amount: requested.requestedAmount,
    }
}
