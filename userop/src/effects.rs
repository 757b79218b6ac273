//! What calls and permits do to whom, as rules ask for it: assets that leave, allowances, changes of
//! command, the functions called.

mod collect;
mod flow;

use alloy::primitives::{Address, FixedBytes, U256};
use serde::Serialize;

pub use flow::{Asset, Direction, Extent, Flow};

pub(crate) use flow::{AMOUNT_BITS, PERMIT2_BITS};

use crate::AdminClass;

/// What is done to whom. Lists keep the order of the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Effects {
    /// Every call, batches themselves included.
    pub calls: Vec<CalledFunction>,
    /// What leaves somebody, or is allowed to.
    pub flows: Vec<Flow>,
    /// Changes of who or what commands a contract or an account.
    pub admin: Vec<AdminEffect>,
    /// Calls whose function is not known.
    pub unknown: Vec<CalledFunction>,
}

/// One function of one contract, called once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say all")]
pub struct CalledFunction {
    pub caller: Address,
    pub target: Address,
    pub selector: Option<FixedBytes<4>>,
    pub value: U256,
}

/// One change of command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminEffect {
    /// What it is about.
    pub class: AdminClass,
    /// Whose command changes: the contract called, or the EOA that delegates.
    pub target: Address,
}

impl Effects {
    /// The flows out of one holder; allowances are not among them.
    pub fn outflows(&self, holder: Address) -> impl Iterator<Item = &Flow> {
        self.flows.iter().filter(move |f| f.leaves(holder) && f.direction == Direction::Out)
    }

    /// The sum of one asset that leaves one holder. It saturates, it never wraps.
    pub fn total_out(&self, holder: Address, asset: Asset) -> U256 {
        let amounts = self.outflows(holder).filter(|flow| flow.asset == asset);
        amounts.fold(U256::ZERO, |sum, flow| sum.saturating_add(flow.amount))
    }

    /// The allowances that are given, whoever gives them.
    pub fn approvals(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter().filter(|flow| flow.direction == Direction::Allowance)
    }

    /// The allowances that have no end.
    pub fn unlimited_approvals(&self) -> impl Iterator<Item = &Flow> {
        self.approvals().filter(|flow| flow.extent == Extent::Unlimited)
    }

    /// Whether every call is one that we know by name.
    pub fn is_understood(&self) -> bool {
        self.unknown.is_empty()
    }

    pub(crate) fn of_flows(flows: Vec<Flow>) -> Self {
        Self { flows, ..Self::default() }
    }

    pub(crate) fn of_admin(class: AdminClass, target: Address) -> Self {
        Self { admin: vec![AdminEffect { class, target }], ..Self::default() }
    }

    /// A contract is created with wei; what its code does is unknown.
    pub(crate) fn add_creation(&mut self, creator: Address, nonce: u64, value: U256) {
        let target = creator.create(nonce);
        let created = CalledFunction { caller: creator, target, selector: None, value };
        self.calls.push(created);
        self.unknown.push(created);
        if !value.is_zero() {
            self.flows.push(Flow::out(creator, Asset::Native, value, target));
        }
    }

    /// What the account does with its call data is not known, whatever the call looks like.
    pub(crate) fn distrust(&mut self) {
        self.unknown.clone_from(&self.calls);
    }

    pub(crate) fn delegate(&mut self, account: Address) {
        self.admin.push(AdminEffect { class: AdminClass::Delegate, target: account });
    }
}
