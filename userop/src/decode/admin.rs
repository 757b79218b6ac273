//! What changes who or what commands a contract: owners, guardians, modules, roles, code.

mod change;

use alloy::{sol, sol_types::SolCall};

pub use change::{AdminChange, AdminClass};

use super::{Action, named};

sol! {
    /// Proxies of their own admin, and OpenZeppelin's `ProxyAdmin`.
    interface Proxies {
        function upgradeTo(address newImplementation) external;
        function upgradeToAndCall(address newImplementation, bytes data) external payable;
        function upgrade(address proxy, address implementation) external;
        function upgradeAndCall(address proxy, address implementation, bytes data) external payable;
        function changeProxyAdmin(address proxy, address newAdmin) external;
        function changeAdmin(address newAdmin) external;
    }

    /// `CountersignAccount` and `SponsorPaymaster`.
    interface Ours {
        function initialize(address newOwner) external;
        function rotateOwner(address newOwner, bytes proof) external;
        function setGuardian(address newGuardian) external;
        function proposeOwnerChange(address newOwner, bytes proof) external;
        function cancelOwnerChange() external;
        function completeOwnerChange() external;
        function cancelGuardianChange() external;
        function completeGuardianChange() external;
        function freeze() external;
        function unfreeze() external;
        function setSigner(address newSigner) external;
    }

    /// The owners that most libraries know, and roles.
    interface Ownable {
        function transferOwnership(address newOwner) external;
        function acceptOwnership() external;
        function renounceOwnership() external;
        function requestOwnershipHandover() external;
        function completeOwnershipHandover(address pendingOwner) external;
        function grantRole(bytes32 role, address account) external;
        function revokeRole(bytes32 role, address account) external;
        function renounceRole(bytes32 role, address account) external;
    }

    /// Safe, and accounts of several owners.
    interface Owners {
        function addOwnerWithThreshold(address owner, uint256 threshold) external;
        function removeOwner(address prevOwner, address owner, uint256 threshold) external;
        function swapOwner(address prevOwner, address oldOwner, address newOwner) external;
        function changeThreshold(uint256 threshold) external;
        function enableModule(address module) external;
        function disableModule(address prevModule, address module) external;
        function setGuard(address guard) external;
        function setModuleGuard(address guard) external;
        function setFallbackHandler(address handler) external;
        function addOwner(address owner) external;
        function addOwnerAddress(address owner) external;
        function addOwnerPublicKey(bytes32 x, bytes32 y) external;
        function removeOwnerAtIndex(uint256 index, bytes owner) external;
        function removeLastOwner(uint256 index, bytes owner) external;
        function installModule(uint256 moduleTypeId, address module, bytes initData) external payable;
        function uninstallModule(uint256 moduleTypeId, address module, bytes deInitData) external payable;
    }

    interface OneOwner {
        function removeOwner(address owner) external;
    }
}

/// What a call changes, by functions that change nothing else.
pub(crate) fn decode(data: &[u8]) -> Option<Action> {
    ours(data)
        .or_else(|| code(data))
        .or_else(|| ownable(data))
        .or_else(|| owners(data))
        .or_else(|| modules(data))
}

const fn admin(change: AdminChange) -> Action {
    Action::Admin { change }
}

/// A function without arguments.
fn bare<C: SolCall>(data: &[u8], change: AdminChange) -> Option<Action> {
    named(data, |_: C| admin(change))
}

fn ours(data: &[u8]) -> Option<Action> {
    named(data, |c: Ours::rotateOwnerCall| Action::RotateOwner { new_owner: c.newOwner })
        .or_else(|| {
            named(data, |c: Ours::setGuardianCall| Action::SetGuardian {
                new_guardian: c.newGuardian,
            })
        })
        .or_else(|| {
            named(data, |c: Ours::proposeOwnerChangeCall| {
                admin(AdminChange::ProposeOwnerChange { new_owner: c.newOwner })
            })
        })
        .or_else(|| {
            named(data, |c: Ours::initializeCall| {
                admin(AdminChange::Initialize { owner: c.newOwner })
            })
        })
        .or_else(|| {
            named(data, |c: Ours::setSignerCall| {
                admin(AdminChange::SetSigner { signer: c.newSigner })
            })
        })
        .or_else(|| bare::<Ours::cancelOwnerChangeCall>(data, AdminChange::CancelOwnerChange))
        .or_else(|| bare::<Ours::completeOwnerChangeCall>(data, AdminChange::CompleteOwnerChange))
        .or_else(|| bare::<Ours::cancelGuardianChangeCall>(data, AdminChange::CancelGuardianChange))
        .or_else(|| {
            bare::<Ours::completeGuardianChangeCall>(data, AdminChange::CompleteGuardianChange)
        })
        .or_else(|| bare::<Ours::freezeCall>(data, AdminChange::Freeze))
        .or_else(|| bare::<Ours::unfreezeCall>(data, AdminChange::Unfreeze))
}

fn code(data: &[u8]) -> Option<Action> {
    named(data, |c: Proxies::upgradeToCall| Action::Upgrade {
        implementation: c.newImplementation,
        initializes: false,
    })
    .or_else(|| {
        named(data, |c: Proxies::upgradeToAndCallCall| Action::Upgrade {
            implementation: c.newImplementation,
            initializes: !c.data.is_empty(),
        })
    })
    .or_else(|| {
        named(data, |c: Proxies::upgradeCall| {
            let (proxy, implementation) = (c.proxy, c.implementation);
            admin(AdminChange::UpgradeProxy { proxy, implementation, initializes: false })
        })
    })
    .or_else(|| {
        named(data, |c: Proxies::upgradeAndCallCall| {
            let (proxy, implementation) = (c.proxy, c.implementation);
            let initializes = !c.data.is_empty();
            admin(AdminChange::UpgradeProxy { proxy, implementation, initializes })
        })
    })
    .or_else(|| {
        named(data, |c: Proxies::changeProxyAdminCall| {
            admin(AdminChange::ChangeProxyAdmin { proxy: c.proxy, new_admin: c.newAdmin })
        })
    })
    .or_else(|| {
        named(data, |c: Proxies::changeAdminCall| {
            admin(AdminChange::ChangeAdmin { new_admin: c.newAdmin })
        })
    })
}

fn ownable(data: &[u8]) -> Option<Action> {
    named(data, |c: Ownable::transferOwnershipCall| {
        admin(AdminChange::TransferOwnership { new_owner: c.newOwner })
    })
    .or_else(|| bare::<Ownable::acceptOwnershipCall>(data, AdminChange::AcceptOwnership))
    .or_else(|| bare::<Ownable::renounceOwnershipCall>(data, AdminChange::RenounceOwnership))
    .or_else(|| bare::<Ownable::requestOwnershipHandoverCall>(data, AdminChange::RequestHandover))
    .or_else(|| {
        named(data, |c: Ownable::completeOwnershipHandoverCall| {
            admin(AdminChange::CompleteHandover { new_owner: c.pendingOwner })
        })
    })
    .or_else(|| {
        named(data, |c: Ownable::grantRoleCall| {
            admin(AdminChange::GrantRole { role: c.role, account: c.account })
        })
    })
    .or_else(|| {
        named(data, |c: Ownable::revokeRoleCall| {
            admin(AdminChange::RevokeRole { role: c.role, account: c.account })
        })
    })
    .or_else(|| {
        named(data, |c: Ownable::renounceRoleCall| {
            admin(AdminChange::RevokeRole { role: c.role, account: c.account })
        })
    })
}

fn owners(data: &[u8]) -> Option<Action> {
    named(data, |c: Owners::addOwnerWithThresholdCall| {
        admin(AdminChange::AddOwner { owner: c.owner, threshold: Some(c.threshold) })
    })
    .or_else(|| {
        named(data, |c: Owners::addOwnerCall| {
            admin(AdminChange::AddOwner { owner: c.owner, threshold: None })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::addOwnerAddressCall| {
            admin(AdminChange::AddOwner { owner: c.owner, threshold: None })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::addOwnerPublicKeyCall| {
            admin(AdminChange::AddOwnerKey { x: c.x, y: c.y })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::removeOwnerCall| {
            admin(AdminChange::RemoveOwner { owner: c.owner, threshold: Some(c.threshold) })
        })
    })
    .or_else(|| {
        named(data, |c: OneOwner::removeOwnerCall| {
            admin(AdminChange::RemoveOwner { owner: c.owner, threshold: None })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::removeOwnerAtIndexCall| {
            admin(AdminChange::RemoveOwnerAt { index: c.index })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::removeLastOwnerCall| {
            admin(AdminChange::RemoveOwnerAt { index: c.index })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::swapOwnerCall| {
            admin(AdminChange::SwapOwner { old_owner: c.oldOwner, new_owner: c.newOwner })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::changeThresholdCall| {
            admin(AdminChange::ChangeThreshold { threshold: c.threshold })
        })
    })
}

fn modules(data: &[u8]) -> Option<Action> {
    named(data, |c: Owners::enableModuleCall| {
        admin(AdminChange::InstallModule { module: c.module, module_type: None })
    })
    .or_else(|| {
        named(data, |c: Owners::disableModuleCall| {
            admin(AdminChange::UninstallModule { module: c.module, module_type: None })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::installModuleCall| {
            let module_type = Some(c.moduleTypeId);
            admin(AdminChange::InstallModule { module: c.module, module_type })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::uninstallModuleCall| {
            let module_type = Some(c.moduleTypeId);
            admin(AdminChange::UninstallModule { module: c.module, module_type })
        })
    })
    .or_else(|| {
        named(data, |c: Owners::setGuardCall| admin(AdminChange::SetGuard { guard: c.guard }))
    })
    .or_else(|| {
        named(data, |c: Owners::setModuleGuardCall| admin(AdminChange::SetGuard { guard: c.guard }))
    })
    .or_else(|| {
        named(data, |c: Owners::setFallbackHandlerCall| {
            admin(AdminChange::SetFallbackHandler { handler: c.handler })
        })
    })
}
