//! What changes an account itself: its code, its owner, its guardian.

use alloy::{sol, sol_types::SolCall};

use super::{Action, canonical};

sol! {
    interface Admin {
        function upgradeTo(address newImplementation) external;
        function upgradeToAndCall(address newImplementation, bytes data) external;
        function rotateOwner(address newOwner, bytes proof) external;
        function setGuardian(address newGuardian) external;
    }
}

pub(super) fn decode(data: &[u8]) -> Option<Action> {
    match *data.first_chunk::<4>()? {
        Admin::upgradeToCall::SELECTOR => {
            let c: Admin::upgradeToCall = canonical(data)?;
            Some(Action::Upgrade { implementation: c.newImplementation, initializes: false })
        }
        Admin::upgradeToAndCallCall::SELECTOR => {
            let c: Admin::upgradeToAndCallCall = canonical(data)?;
            let initializes = !c.data.is_empty();
            Some(Action::Upgrade { implementation: c.newImplementation, initializes })
        }
        Admin::rotateOwnerCall::SELECTOR => {
            let c: Admin::rotateOwnerCall = canonical(data)?;
            Some(Action::RotateOwner { new_owner: c.newOwner })
        }
        Admin::setGuardianCall::SELECTOR => {
            let c: Admin::setGuardianCall = canonical(data)?;
            Some(Action::SetGuardian { new_guardian: c.newGuardian })
        }
        _ => None,
    }
}
