//! What is not switched on is not taken in.

use countersign::{
    CreateSigner, CreateWallet, ServiceError, SignRequest, SponsorChoice, StageName, ToSign,
};
use countersign_userop::{AccountKind, EntryPointVersion};

use super::{
    stand_in::WALLETS,
    world::{CHAIN, Setting, World, features, gift},
};

fn off(refused: &ServiceError) -> &str {
    match refused {
        ServiceError::Refused { rule, message } if rule == "feature" => message,
        other => unreachable!("{other:?}"),
    }
}

fn new_wallet(kind: AccountKind) -> CreateWallet {
    CreateWallet {
        key: WALLETS.into(),
        kind,
        version: EntryPointVersion::V0_7,
        chain: CHAIN,
        salt: Default::default(),
        index: None,
    }
}

async fn message(world: &World) -> Result<countersign::GivenSignature, ServiceError> {
    let signer = CreateSigner { key: WALLETS.into(), index: Some(9) };
    let ask = SignRequest { signer, what: ToSign::Message(b"hello".into()), intent: None };
    world.gateway.sign(&World::caller(), ask).await
}

#[tokio::test]
async fn a_request_outside_the_features_is_refused_with_the_name_of_the_flag() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    message(&world).await.unwrap();

    world.switch(&features("message", true));
    let refused = message(&world).await.unwrap_err();
    assert_eq!(off(&refused), "the feature everywhere.requests.message is off");

    world.switch(&features("simple", true));
    let caller = World::caller();
    let refused =
        world.gateway.create_wallet(&caller, new_wallet(AccountKind::SimpleAccount)).await;
    assert_eq!(off(&refused.unwrap_err()), "the feature chains.31337.accounts.simple is off");
    world.gateway.create_wallet(&caller, new_wallet(AccountKind::Countersign)).await.unwrap();

    world.switch(&features("", false));
    let ask = countersign::SendCalls {
        id: None,
        chain: CHAIN,
        from: wallet.address,
        calls: vec![gift(0x21)],
        sponsor: SponsorChoice::Own,
        nonce_key: None,
        signature: None,
    };
    let refused = world.gateway.send_calls(&caller, ask).await.unwrap_err();
    assert_eq!(off(&refused), "the feature chains.31337.sponsorship is off");
    let id = world.send(&wallet, vec![gift(0x22)], SponsorChoice::Account).await;
    world.must_include(&id).await;

    // A broken file changes nothing.
    world.switch("version = 9");
    let id = world.send(&wallet, vec![gift(0x23)], SponsorChoice::Account).await;
    let landed = world.must_include(&id).await;
    assert_eq!(landed.stage, StageName::Included);
}
