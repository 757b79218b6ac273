//! Openings: every part is compared, and the name of the session depends on all of them.

use super::*;
use crate::audit::AuditHead;
use crate::heads::Head;

fn binding() -> Binding {
    Binding {
        protocol: PROTOCOL,
        engine: "engine/1".into(),
        committee: [1; 32],
        key: "treasury".into(),
        public_key: vec![2; 33],
        epoch: 3,
        transcript: [4; 32],
        child: Some(5),
        request: [6; 32],
        digest: [7; 32],
        preview: [10; 32],
        quorum: vec![1, 2],
        attempt: [8; 16],
    }
}

/// Signed by a key that is the same in every run, so that the form of an opening is.
fn head() -> SignedHead {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.pem");
    std::fs::write(&path, IDENTITY).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let identity = countersign_protocol::Identity::load(&path).unwrap();
    let end = |count| AuditHead { count, hash: B256::repeat_byte(7) };
    SignedHead::make(&identity, Head { boot: [6; 16], era: 2, base: end(3), at: end(4) })
}

/// The first key of RFC 8410.
const IDENTITY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

type Change = fn(&mut Binding);

const CHANGES: [(&str, Change); 12] = [
    ("engine version", |b| b.engine.push('1')),
    ("committee", |b| b.committee[0] ^= 1),
    ("key", |b| b.key.push('s')),
    ("public key", |b| b.public_key[0] ^= 1),
    ("epoch", |b| b.epoch += 1),
    ("key transcript", |b| b.transcript[0] ^= 1),
    ("child", |b| b.child = None),
    ("request", |b| b.request[0] ^= 1),
    ("digest", |b| b.digest[0] ^= 1),
    ("preview", |b| b.preview[0] ^= 1),
    ("quorum", |b| b.quorum[1] = 3),
    ("attempt", |b| b.attempt[0] ^= 1),
];

fn frame(binding: &Binding) -> Frame {
    let opening = Opening { binding: binding.clone(), nonce: [9; 32], head: head() };
    let payload = postcard::to_allocvec(&opening).unwrap();
    Frame { session: rendezvous(&binding.attempt), kind: FrameKind::Open, payload }
}

fn from() -> PartyId {
    PartyId::new(2).unwrap()
}

#[test]
fn whoever_means_the_same_is_heard() {
    assert_eq!(hear(&binding(), from(), &frame(&binding())), Ok(([9; 32], head())));
}

#[test]
fn every_difference_is_named() {
    for (name, change) in CHANGES {
        let mut theirs = binding();
        change(&mut theirs);
        assert_eq!(hear(&binding(), from(), &frame(&theirs)), Err(format!("another {name}")));
    }
}

#[test]
fn another_protocol_version_is_named_even_if_its_form_is_unknown() {
    let mut alien = frame(&binding());
    alien.payload = vec![4, 0xff, 0xff];
    let refused = hear(&binding(), from(), &alien).unwrap_err();
    assert_eq!(refused, "protocol version 4, ours is 3");
}

#[test]
fn trailing_bytes_and_long_openings_are_refused() {
    let mut longer = frame(&binding());
    longer.payload.push(0);
    assert!(hear(&binding(), from(), &longer).is_err());
    longer.payload = vec![0; MAX_OPENING + 1];
    assert_eq!(hear(&binding(), from(), &longer), Err("an opening above its bound".into()));
}

#[test]
fn a_round_before_the_opening_is_refused() {
    let early = Frame { kind: FrameKind::Round, ..frame(&binding()) };
    assert!(hear(&binding(), from(), &early).is_err());
}

#[test]
fn the_sessions_name_depends_on_every_part_and_every_nonce() {
    let nonces = BTreeMap::from([(1, [1; 32]), (2, [2; 32])]);
    let mut names = vec![binding().session(&nonces).unwrap()];
    for (_, change) in CHANGES {
        let mut other = binding();
        change(&mut other);
        names.push(other.session(&nonces).unwrap());
    }
    for other in [
        BTreeMap::from([(1, [0; 32]), (2, [2; 32])]),
        BTreeMap::from([(1, [1; 32]), (2, [0; 32])]),
        BTreeMap::from([(1, [1; 32]), (3, [2; 32])]),
    ] {
        names.push(binding().session(&other).unwrap());
    }
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn the_opening_has_its_golden_form() {
    insta::assert_snapshot!(hex::encode(frame(&binding()).payload));
}
