//! What becomes of a key that parties acknowledged, when one lies, is silent, or comes back late.

use super::committee::{Committee, Confirm, Dealt, answer, party};
use crate::ceremony::CeremonyError;
use crate::ceremony::statement::Says;

async fn three() -> Committee {
    Committee::start(3, 2, Confirm::Operators).await
}

async fn five() -> Committee {
    Committee::start(5, 3, Confirm::Operators).await
}

/// Lets all ask in turn, often enough for everything to be known to all.
async fn all_ask(committee: &Committee, parties: &[u8]) {
    for _ in 0..4 {
        for index in parties {
            committee.ask(*index).await;
        }
    }
}

async fn must_be(committee: &Committee, parties: &[u8], state: Option<&str>) {
    for index in parties {
        assert_eq!(committee.state(*index).await.as_deref(), state, "party {index}");
    }
}

fn named(committee: &Committee, at: u8, key: &Dealt, who: u8) -> bool {
    let named = committee.at(at).shared.named.lock().unwrap().clone();
    named.contains(&(key.id, party(who)))
}

#[tokio::test]
async fn a_key_that_all_acknowledged_goes_live_at_all() {
    let committee = three().await;
    committee.deal(&[1, 2, 3]);
    must_be(&committee, &[1, 2, 3], Some("pending")).await;
    assert!(!committee.signs(1));
    all_ask(&committee, &[1, 2, 3]).await;
    must_be(&committee, &[1, 2, 3], Some("live")).await;
    committee.boot(1).await;
    must_be(&committee, &[1], Some("live")).await;
    assert!(committee.signs(1));
}

#[tokio::test]
async fn a_certified_key_signs_but_is_not_called_live_until_every_party_has_the_certificate() {
    let committee = three().await;
    committee.deal(&[1, 2, 3]);
    committee.ask(1).await;
    must_be(&committee, &[1], Some("certified")).await;
    assert!(committee.signs(1));
    // The third crashed right after it acknowledged: the others have its word from each other.
    committee.set_absent(3, true);
    all_ask(&committee, &[1, 2]).await;
    must_be(&committee, &[1, 2], Some("certified")).await;
    committee.boot(1).await;
    must_be(&committee, &[1], Some("certified")).await;
    assert!(committee.signs(1));
    committee.set_absent(3, false);
    committee.boot(3).await;
    all_ask(&committee, &[1, 2, 3]).await;
    must_be(&committee, &[1, 2, 3], Some("live")).await;
}

#[tokio::test]
async fn a_party_that_acknowledges_to_one_and_discards_to_another_takes_no_key_hostage() {
    let committee = three().await;
    let key = committee.deal(&[1, 2]);
    let (ack, discard) = (committee.ack(3, &key), committee.discard(3, &key));
    committee.puppet(3, move |asker| {
        Some(match asker.index() {
            2 => answer("acknowledged", std::slice::from_ref(&ack), &[]),
            _ => answer("discarded", &[], std::slice::from_ref(&discard)),
        })
    });
    committee.ask(2).await;
    must_be(&committee, &[2], Some("certified")).await;
    // The first hears the lie in the same breath as the certificate.
    committee.ask(1).await;
    must_be(&committee, &[1, 2], Some("certified")).await;
    assert!(committee.signs(1) && committee.signs(2));
    assert!(named(&committee, 1, &key, 3), "the liar is named");
    committee.boot(1).await;
    assert!(committee.signs(1));
    // As soon as the third says that it holds the certificate too, the key is live.
    let acks = [1, 2, 3].map(|index| committee.ack(index, &key));
    committee.puppet(3, move |_| Some(answer("certified", &acks, &[])));
    all_ask(&committee, &[1, 2]).await;
    must_be(&committee, &[1, 2], Some("live")).await;
}

#[tokio::test]
async fn a_lone_discard_erases_nothing_while_another_party_was_not_heard() {
    let committee = three().await;
    let key = committee.deal(&[1, 2]);
    let discard = committee.discard(3, &key);
    committee.puppet(3, move |_| Some(answer("discarded", &[], std::slice::from_ref(&discard))));
    committee.set_absent(2, true);
    all_ask(&committee, &[1]).await;
    must_be(&committee, &[1], Some("pending")).await;
    committee.set_absent(2, false);
    all_ask(&committee, &[1, 2]).await;
    must_be(&committee, &[1, 2], None).await;
}

#[tokio::test]
async fn two_operators_give_up_the_key_of_a_silent_third_which_takes_their_word_when_it_returns() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    committee.set_absent(3, true);
    // Both wait for the third, for ever if need be.
    let third = committee.vault(3);
    all_ask(&committee, &[1, 2]).await;
    must_be(&committee, &[1, 2], Some("pending")).await;
    assert_eq!(committee.at(1).reject(key.id).await.unwrap(), (1, 2));
    must_be(&committee, &[1], Some("rejecting")).await;
    assert!(committee.vault(1).has_name(&"main".parse().unwrap()).unwrap());
    // A second word of the same operator counts once.
    assert_eq!(committee.at(1).reject(key.id).await.unwrap(), (1, 2));
    assert_eq!(committee.at(2).reject(key.id).await.unwrap(), (2, 2));
    all_ask(&committee, &[1, 2]).await;
    must_be(&committee, &[1, 2], None).await;
    assert!(!committee.vault(1).has_name(&"main".parse().unwrap()).unwrap());
    assert!(third.has_name(&"main".parse().unwrap()).unwrap());
    committee.set_absent(3, false);
    committee.ask(3).await;
    must_be(&committee, &[3], None).await;
    let note = committee.vault(3).discard_note(&key.id.0).unwrap().unwrap();
    let note = String::from_utf8(note).unwrap();
    assert_eq!(note.matches("reject").count(), 2, "{note}");
}

#[tokio::test]
async fn one_rejection_too_few_keeps_the_share() {
    let committee = five().await;
    let key = committee.deal(&[1, 2, 3, 4]);
    committee.set_absent(5, true);
    for index in [1, 2] {
        let (_, need) = committee.at(index).reject(key.id).await.unwrap();
        assert_eq!(need, 3);
    }
    all_ask(&committee, &[1, 2, 3, 4]).await;
    must_be(&committee, &[1, 2], Some("rejecting")).await;
    must_be(&committee, &[3, 4], Some("pending")).await;
    for index in [1, 2, 3, 4] {
        assert_eq!(committee.vault(index).pending_generations().unwrap().len(), 1);
    }
    committee.at(3).reject(key.id).await.unwrap();
    all_ask(&committee, &[1, 2, 3, 4]).await;
    must_be(&committee, &[1, 2, 3, 4], None).await;
}

#[tokio::test]
async fn a_party_that_holds_the_certificate_refuses_to_reject() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    committee.ask(1).await;
    committee.set_absent(3, true);
    let refused = committee.at(1).reject(key.id).await;
    assert!(matches!(refused, Err(CeremonyError::Certified)), "{refused:?}");
    // So does one that is shown it while its operator rejects.
    let refused = committee.at(2).reject(key.id).await;
    assert!(matches!(refused, Err(CeremonyError::Certified)), "{refused:?}");
    must_be(&committee, &[1, 2], Some("certified")).await;
    committee.set_absent(3, false);
    all_ask(&committee, &[1, 2, 3]).await;
    let refused = committee.at(1).reject(key.id).await;
    assert!(matches!(refused, Err(CeremonyError::NoSuchKey)), "{refused:?}");
    must_be(&committee, &[1, 2, 3], Some("live")).await;
}

#[tokio::test]
async fn a_party_that_rejected_never_goes_live_whatever_it_is_shown() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    committee.set_absent(2, true);
    committee.set_absent(3, true);
    committee.at(1).reject(key.id).await.unwrap();
    let acks = [1, 2, 3].map(|index| committee.ack(index, &key));
    for index in [2, 3] {
        let acks = acks.clone();
        committee.puppet(index, move |_| Some(answer("live", &acks, &[])));
    }
    committee.settle(1, &key).await.unwrap();
    must_be(&committee, &[1], Some("rejecting")).await;
    committee.boot(1).await;
    assert!(!committee.signs(1));
    assert!(committee.vault(1).promote(&key.id.0).is_err());
}

#[tokio::test]
async fn a_certified_party_that_is_shown_enough_rejections_stops_and_keeps_the_share_aside() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    committee.ask(1).await;
    assert!(committee.signs(1));
    let rejects = [2, 3].map(|index| committee.reject(index, &key));
    // One is not enough, even twice.
    let one = [rejects[0].clone(), rejects[0].clone()];
    committee.puppet(2, move |_| Some(answer("rejecting", &[], &one)));
    committee.set_absent(3, true);
    committee.ask(1).await;
    must_be(&committee, &[1], Some("certified")).await;
    committee.puppet(2, move |_| Some(answer("discarded", &[], &rejects)));
    committee.ask(1).await;
    must_be(&committee, &[1], None).await;
    assert!(!committee.signs(1));
    assert!(!committee.vault(1).has_name(&"main".parse().unwrap()).unwrap());
    let aside = committee.data(1).join("vault/superseded").join(key.id.to_string());
    assert!(aside.join("share.sealed").exists());
    committee.boot(1).await;
    assert!(!committee.signs(1));
}

#[tokio::test]
async fn a_live_party_is_past_all_rejections() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    all_ask(&committee, &[1, 2, 3]).await;
    let rejects = [2, 3].map(|index| committee.reject(index, &key));
    for index in [2, 3] {
        let rejects = rejects.clone();
        committee.puppet(index, move |_| Some(answer("discarded", &[], &rejects)));
    }
    committee.ask(1).await;
    must_be(&committee, &[1], Some("live")).await;
    committee.cut_strings(2);
    must_be(&committee, &[2], Some("live")).await;
}

#[tokio::test]
async fn a_key_is_unwound_when_one_rejected_before_it_knew_of_the_certificate() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    // The second and third have everyone's word; the first was cut off and its operator gave up.
    committee.ask(2).await;
    committee.ask(3).await;
    committee.set_absent(1, true);
    committee.at(1).reject(key.id).await.unwrap();
    committee.set_absent(1, false);
    must_be(&committee, &[2, 3], Some("certified")).await;
    all_ask(&committee, &[1, 2, 3]).await;
    must_be(&committee, &[1, 2, 3], None).await;
    assert!(!committee.signs(2) && !committee.signs(3));
}

#[tokio::test]
async fn two_acknowledgements_of_one_author_are_caught_and_named() {
    let committee = three().await;
    let key = committee.deal(&[1, 2]);
    let ack = committee.ack(3, &key);
    let other = committee.says(3, key.id, Says::Ack { transcript: [9; 32] });
    committee.puppet(3, move |asker| {
        let said = if asker.index() == 2 { &ack } else { &other };
        Some(answer("acknowledged", std::slice::from_ref(said), &[]))
    });
    committee.ask(2).await;
    committee.ask(1).await;
    assert!(named(&committee, 1, &key, 3));
    must_be(&committee, &[1, 2], Some("certified")).await;
}

#[tokio::test]
async fn a_key_that_one_party_made_differently_is_given_up() {
    let committee = three().await;
    let key = committee.deal(&[1, 2]);
    let other = committee.says(3, key.id, Says::Ack { transcript: [9; 32] });
    committee.puppet(3, move |_| Some(answer("live", std::slice::from_ref(&other), &[])));
    all_ask(&committee, &[1, 2]).await;
    must_be(&committee, &[1, 2], None).await;
    assert!(!named(&committee, 1, &key, 3), "to differ is no lie");
}

#[tokio::test]
async fn a_malformed_answer_is_no_answer_and_holds_nothing_else_up() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    let forged = {
        let mut reply = answer("acknowledged", &[committee.ack(3, &key)], &[]);
        reply.acks[0].signature[0] ^= 1;
        reply
    };
    let broken = {
        let mut reply = answer("acknowledged", &[committee.ack(3, &key)], &[]);
        reply.acks[0].signature.pop();
        reply
    };
    let elsewhere = {
        let (_, id, _) = committee.proposal(1, "other");
        let ack = committee.says(3, id, Says::Ack { transcript: key.transcript });
        answer("acknowledged", &[ack], &[])
    };
    let unproven = answer("discarded", &[], &[]);
    let unknown = answer("gone fishing", &[committee.ack(3, &key)], &[]);
    let flood = answer("acknowledged", &vec![committee.ack(3, &key); 7], &[]);
    for bad in [forged, broken, elsewhere, unproven, unknown, flood] {
        committee.puppet(3, move |_| Some(bad.clone()));
        committee.settle(1, &key).await.unwrap();
        must_be(&committee, &[1], Some("pending")).await;
    }
    // The second's own word came in the same passes, and counts.
    committee.cut_strings(3);
    committee.set_absent(2, true);
    committee.ask(1).await;
    must_be(&committee, &[1], Some("certified")).await;
}

#[tokio::test]
async fn what_was_said_is_remembered_over_a_crash() {
    let committee = three().await;
    let key = committee.deal(&[1, 2, 3]);
    committee.set_absent(3, true);
    committee.at(2).reject(key.id).await.unwrap();
    committee.ask(1).await;
    committee.set_absent(2, true);
    committee.boot(1).await;
    committee.set_absent(3, false);
    let reply = committee.at(1).outcome(key.id.0, None).await.unwrap();
    assert_eq!((reply.acks.len(), reply.rejects.len()), (2, 1));
    // It knows of a rejection: it never certifies, though everyone's word is here.
    committee.ask(1).await;
    must_be(&committee, &[1], Some("pending")).await;
}
