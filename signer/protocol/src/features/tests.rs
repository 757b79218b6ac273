//! What is off is refused by the name of its flag.

use countersign_userop::{AccountKind, ChainId, SignableKind};

use super::*;
use crate::request::tests::every_kind;

/// Every flag that the requests of `every_kind` need, each on a line of its own.
const ALL: &str = r#"
version = 1
[everywhere]
requests = [
"message",
"canary",
]
[[chains]]
id = 1
requests = [
"userOperation",
"paymasterApproval",
"typedData",
"authorization",
"transaction",
"ownerProof",
]
accounts = [
"countersign",
]
sponsorship = true
"#;

fn refused(text: &str) -> Vec<String> {
    let features = Features::parse(text).unwrap();
    let refused = every_kind().into_iter().filter_map(|request| features.allow(&request).err());
    refused.map(|off| off.flag.to_string()).collect()
}

#[test]
fn each_flag_lets_its_requests_pass_and_no_other() {
    assert_eq!(refused(ALL), Vec::<String>::new());
    for (line, flag) in [
        ("\"message\",", "everywhere.requests.message"),
        ("\"canary\",", "everywhere.requests.canary"),
        ("\"userOperation\",", "chains.1.requests.userOperation"),
        ("\"paymasterApproval\",", "chains.1.requests.paymasterApproval"),
        ("\"typedData\",", "chains.1.requests.typedData"),
        ("\"authorization\",", "chains.1.requests.authorization"),
        ("\"transaction\",", "chains.1.requests.transaction"),
        ("\"ownerProof\",", "chains.1.requests.ownerProof"),
        ("\"countersign\",", "chains.1.accounts.countersign"),
        ("sponsorship = true", "chains.1.sponsorship"),
    ] {
        let without = ALL.replacen(line, "", 1);
        assert_ne!(without, ALL);
        assert_eq!(refused(&without), [flag]);
    }
}

#[test]
fn what_is_not_named_is_off() {
    let off = refused("version = 1");
    assert_eq!(off.len(), SignableKind::ALL.len());
    assert_eq!(off.iter().filter(|flag| *flag == "chains.1").count(), 6, "{off:?}");
    for request in every_kind() {
        Features::everything().allow(&request).unwrap();
    }
}

#[test]
fn an_operation_that_a_paymaster_pays_for_needs_sponsorship() {
    let mut request = crate::request::tests::user_operation();
    let Request::UserOperation(asked) = &mut request else { panic!("{request:?}") };
    asked.op = asked.op.clone().with_paymaster(Some(Default::default()));
    let without = Features::parse(&ALL.replacen("sponsorship = true", "", 1)).unwrap();
    let off = without.allow(&request).unwrap_err();
    assert_eq!(off.flag, Flag::Sponsorship(ChainId::new(1)));
    Features::parse(ALL).unwrap().allow(&request).unwrap();
    let other = without.allow_operation(ChainId::new(1), AccountKind::SimpleAccount).unwrap_err();
    assert_eq!(other.to_string(), "the feature chains.1.accounts.simple is off");
}

#[test]
fn a_file_that_means_something_else_is_refused_by_name() {
    for (change, told) in [
        (("version = 1", "version = 2"), "format 2"),
        (("\"message\",", "\"transaction\","), "everywhere.requests.transaction"),
        (("\"typedData\",", "\"message\","), "chains.1.requests.message"),
        (("sponsorship = true", "[[chains]]\nid = 1"), "chains.1 is there twice"),
        (("sponsorship", "sponsored"), "sponsored"),
        (("\"canary\"", "\"parrot\""), "parrot"),
    ] {
        let text = ALL.replacen(change.0, change.1, 1);
        let error = Features::parse(&text).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn a_broken_file_never_replaces_a_sound_one() {
    assert!(matches!(FeatureBook::load(None, false), Err(FeatureFileError::Missing)));
    let dev = FeatureBook::load(None, true).unwrap();
    assert_eq!(*dev.current(), Features::everything());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.toml");
    std::fs::write(&path, ALL).unwrap();
    let book = FeatureBook::load(Some(&path), true).unwrap();
    let before = book.current();
    std::fs::write(&path, "version = 7").unwrap();
    let error = book.reload().unwrap_err();
    assert!(error.to_string().contains("features.toml"), "{error}");
    assert_eq!(book.current(), before);
    std::fs::write(&path, "version = 1").unwrap();
    book.reload().unwrap();
    assert_ne!(book.current(), before);
}

#[test]
fn the_published_page_says_what_the_example_switches_on() {
    let page = include_str!("../../../../docs/FEATURES.md");
    let made = Features::parse(EXAMPLE_FEATURES).unwrap().markdown();
    assert!(
        page == made,
        "docs/FEATURES.md is stale: cosigner features --markdown features.example.toml > docs/FEATURES.md"
    );
}
