//! The changes of command, and what they are about.

use std::fmt;

use alloy::primitives::{Address, B256, U256};
use serde::Serialize;

use crate::Action;

/// A change of who or what commands the contract that is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant's one line names the function whose arguments it has")]
pub enum AdminChange {
    /// `initialize(address)`, by which our account gets its first owner.
    Initialize { owner: Address },
    /// `proposeOwnerChange`, by an account's guardian.
    ProposeOwnerChange { new_owner: Address },
    /// `cancelOwnerChange`.
    CancelOwnerChange,
    /// `completeOwnerChange`.
    CompleteOwnerChange,
    /// `cancelGuardianChange`.
    CancelGuardianChange,
    /// `completeGuardianChange`.
    CompleteGuardianChange,
    /// `freeze`, by an account's guardian.
    Freeze,
    /// `unfreeze`, by an account's guardian.
    Unfreeze,
    /// `setSigner` of a sponsoring paymaster.
    SetSigner { signer: Address },
    /// `transferOwnership`.
    TransferOwnership { new_owner: Address },
    /// `acceptOwnership`.
    AcceptOwnership,
    /// `renounceOwnership`.
    RenounceOwnership,
    /// `requestOwnershipHandover`.
    RequestHandover,
    /// `completeOwnershipHandover`.
    CompleteHandover { new_owner: Address },
    /// `addOwner`, `addOwnerAddress`, `addOwnerWithThreshold`.
    AddOwner { owner: Address, threshold: Option<U256> },
    /// `addOwnerPublicKey`.
    AddOwnerKey { x: B256, y: B256 },
    /// `removeOwner`.
    RemoveOwner { owner: Address, threshold: Option<U256> },
    /// `removeOwnerAtIndex`, `removeLastOwner`.
    RemoveOwnerAt { index: U256 },
    /// `swapOwner`.
    SwapOwner { old_owner: Address, new_owner: Address },
    /// `changeThreshold`.
    ChangeThreshold { threshold: U256 },
    /// `installModule` of ERC-7579, `enableModule` of Safe.
    InstallModule { module: Address, module_type: Option<U256> },
    /// `uninstallModule` of ERC-7579, `disableModule` of Safe.
    UninstallModule { module: Address, module_type: Option<U256> },
    /// `setGuard`, `setModuleGuard`.
    SetGuard { guard: Address },
    /// `setFallbackHandler`.
    SetFallbackHandler { handler: Address },
    /// `grantRole`.
    GrantRole { role: B256, account: Address },
    /// `revokeRole`, `renounceRole`.
    RevokeRole { role: B256, account: Address },
    /// `upgrade` and `upgradeAndCall` of a proxy's admin.
    UpgradeProxy { proxy: Address, implementation: Address, initializes: bool },
    /// `changeProxyAdmin`.
    ChangeProxyAdmin { proxy: Address, new_admin: Address },
    /// `changeAdmin`.
    ChangeAdmin { new_admin: Address },
}

/// What a change of command is about; rules go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdminClass {
    /// Who owns it, or how many owners it takes.
    Owner,
    /// Who may stop or replace the owner.
    Guardian,
    /// Which other contracts may act for it.
    Module,
    /// Who may do what, by role.
    Role,
    /// Which code it runs, or who may change that.
    Upgrade,
    /// Which code an EOA runs, by EIP-7702.
    Delegate,
}

impl AdminClass {
    /// The class as rules and messages write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Guardian => "guardian",
            Self::Module => "module",
            Self::Role => "role",
            Self::Upgrade => "upgrade",
            Self::Delegate => "delegate",
        }
    }
}

impl fmt::Display for AdminClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Action {
    /// What this changes of a contract's command; `None` for what changes nothing of it.
    pub const fn admin_class(&self) -> Option<AdminClass> {
        match self {
            Self::Upgrade { .. } => Some(AdminClass::Upgrade),
            Self::RotateOwner { .. } => Some(AdminClass::Owner),
            Self::SetGuardian { .. } => Some(AdminClass::Guardian),
            Self::Admin { change } => Some(change.class()),
            _ => None,
        }
    }
}

impl AdminChange {
    /// What the change is about.
    pub const fn class(&self) -> AdminClass {
        match self {
            Self::CancelGuardianChange
            | Self::CompleteGuardianChange
            | Self::Freeze
            | Self::Unfreeze => AdminClass::Guardian,
            Self::InstallModule { .. }
            | Self::UninstallModule { .. }
            | Self::SetGuard { .. }
            | Self::SetFallbackHandler { .. } => AdminClass::Module,
            Self::GrantRole { .. } | Self::RevokeRole { .. } | Self::SetSigner { .. } => {
                AdminClass::Role
            }
            Self::UpgradeProxy { .. }
            | Self::ChangeProxyAdmin { .. }
            | Self::ChangeAdmin { .. } => AdminClass::Upgrade,
            Self::Initialize { .. }
            | Self::ProposeOwnerChange { .. }
            | Self::CancelOwnerChange
            | Self::CompleteOwnerChange
            | Self::TransferOwnership { .. }
            | Self::AcceptOwnership
            | Self::RenounceOwnership
            | Self::RequestHandover
            | Self::CompleteHandover { .. }
            | Self::AddOwner { .. }
            | Self::AddOwnerKey { .. }
            | Self::RemoveOwner { .. }
            | Self::RemoveOwnerAt { .. }
            | Self::SwapOwner { .. }
            | Self::ChangeThreshold { .. } => AdminClass::Owner,
        }
    }
}
