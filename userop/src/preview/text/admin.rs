//! Changes of command in words.

use alloy::primitives::U256;

use crate::AdminChange;

pub(super) fn sentence(change: &AdminChange) -> String {
    match change {
        AdminChange::Initialize { owner } => format!("initialise it with owner {owner}"),
        AdminChange::ProposeOwnerChange { new_owner } => format!("propose {new_owner} as owner"),
        AdminChange::CancelOwnerChange => "cancel the pending owner change".to_owned(),
        AdminChange::CompleteOwnerChange => "complete the pending owner change".to_owned(),
        AdminChange::CancelGuardianChange => "cancel the pending guardian change".to_owned(),
        AdminChange::CompleteGuardianChange => "complete the pending guardian change".to_owned(),
        AdminChange::Freeze => "freeze it".to_owned(),
        AdminChange::Unfreeze => "unfreeze it".to_owned(),
        AdminChange::SetSigner { signer } => format!("make {signer} the signer"),
        AdminChange::TransferOwnership { new_owner } => {
            format!("transfer ownership to {new_owner}")
        }
        AdminChange::AcceptOwnership => "accept ownership".to_owned(),
        AdminChange::RenounceOwnership => "renounce ownership".to_owned(),
        AdminChange::RequestHandover => "request the handover of ownership".to_owned(),
        AdminChange::CompleteHandover { new_owner } => {
            format!("hand ownership over to {new_owner}")
        }
        AdminChange::AddOwner { owner, threshold } => {
            format!("add owner {owner}{}", with_threshold(threshold))
        }
        AdminChange::AddOwnerKey { x, y } => format!("add the public key {x} {y} as owner"),
        AdminChange::RemoveOwner { owner, threshold } => {
            format!("remove owner {owner}{}", with_threshold(threshold))
        }
        AdminChange::RemoveOwnerAt { index } => format!("remove owner number {index}"),
        AdminChange::SwapOwner { old_owner, new_owner } => {
            format!("replace owner {old_owner} by {new_owner}")
        }
        AdminChange::ChangeThreshold { threshold } => {
            format!("change the threshold to {threshold}")
        }
        other => rest(other),
    }
}

fn rest(change: &AdminChange) -> String {
    match change {
        AdminChange::InstallModule { module, module_type } => {
            format!("install module {module}{}", of_type(module_type))
        }
        AdminChange::UninstallModule { module, module_type } => {
            format!("uninstall module {module}{}", of_type(module_type))
        }
        AdminChange::SetGuard { guard } => format!("make {guard} the guard"),
        AdminChange::SetFallbackHandler { handler } => {
            format!("make {handler} the fallback handler")
        }
        AdminChange::GrantRole { role, account } => format!("grant role {role} to {account}"),
        AdminChange::RevokeRole { role, account } => format!("revoke role {role} of {account}"),
        AdminChange::UpgradeProxy { proxy, implementation, initializes } => {
            let how = if *initializes { " and initialise it" } else { "" };
            format!("upgrade proxy {proxy} to the code of {implementation}{how}")
        }
        AdminChange::ChangeProxyAdmin { proxy, new_admin } => {
            format!("make {new_admin} the admin of proxy {proxy}")
        }
        AdminChange::ChangeAdmin { new_admin } => format!("make {new_admin} the admin"),
        other => format!("change its {}", other.class()),
    }
}

fn with_threshold(threshold: &Option<U256>) -> String {
    threshold.map(|t| format!(" and set the threshold to {t}")).unwrap_or_default()
}

fn of_type(module_type: &Option<U256>) -> String {
    module_type.map(|t| format!(" of type {t}")).unwrap_or_default()
}
