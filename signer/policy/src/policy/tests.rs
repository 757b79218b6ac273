//! Policy files that hold together, and those that do not.

use alloy::primitives::{Address, U256};

use super::Policy;
use crate::{Asset, CallerKey, PolicyError, Scope};

const EXAMPLES: [&str; 8] = [
    "allow-list",
    "deploy-only",
    "development",
    "freeze",
    "paymaster-only",
    "plain-account",
    "treasury",
    "two-approvals",
];

fn with(head: &str, policies: &str) -> String {
    format!("version = 1\n{head}\npolicies = '''\n{policies}\n'''\n")
}

#[track_caller]
fn must_fail(text: &str) -> PolicyError {
    Policy::parse(text).unwrap_err()
}

#[test]
fn every_example_is_tested_and_parses() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, EXAMPLES);
    for name in EXAMPLES {
        let text = std::fs::read_to_string(format!("{folder}/{name}.toml")).unwrap();
        Policy::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_syntax_error_names_the_line_of_the_file() {
    let text = with("# a line", "@id(\"a\")\npermit (principal, action, resource) wen { true };");
    let error = must_fail(&text);
    assert!(matches!(error, PolicyError::Syntax { line: Some(5), .. }), "{error:?}");
}

#[test]
fn a_policy_that_does_not_fit_the_schema_is_named_with_its_line() {
    let policies = "@id(\"fine\")\npermit (principal, action, resource);\n\n@id(\"odd\")\n\
                    permit (principal, action, resource)\nwhen { context.amount > 5 };";
    let error = must_fail(&with("", policies));
    let PolicyError::Schema { line, policy, .. } = &error else { panic!("{error:?}") };
    assert_eq!((policy.as_str(), *line), ("odd", Some(9)), "{error}");
}

#[test]
fn a_call_s_own_fields_cannot_be_asked_of_the_whole_request() {
    let policies = "@id(\"a\")\npermit (principal, action, resource)\n\
                    when { context.function == \"send\" };";
    assert!(matches!(must_fail(&with("", policies)), PolicyError::Schema { .. }));
}

#[test]
fn a_misspelt_limit_is_an_error_and_not_a_hole() {
    let limit = "[[limits]]\nname = \"daily\"\nasset = \"native\"\nmax = \"1\"";
    let policies = "@id(\"a\")\nforbid (principal, action, resource)\n\
                    when { context.exceeded.contains(\"dailies\") };";
    let text = format!("{}\n{limit}\n", with("", policies));
    let error = must_fail(&text);
    assert!(error.to_string().contains("dailies"), "{error}");
    let unmentioned =
        format!("{}\n{limit}\n", with("", "@id(\"a\")\npermit (principal, action, resource);"));
    let error = must_fail(&unmentioned);
    assert!(error.to_string().contains("it would hold nothing"), "{error}");
    let whole = "@id(\"a\")\nforbid (principal, action, resource)\n\
                 unless { context.exceeded.isEmpty() };";
    Policy::parse(&format!("{}\n{limit}\n", with("", whole))).unwrap();
}

#[test]
fn approvals_must_be_of_a_group_that_can_give_them() {
    let ask = |what: &str| {
        let policies = format!(
            "@id(\"a\")\npermit (principal, action, resource)\n\
             when {{ context.approvals.contains(\"{what}\") }};"
        );
        let member = Address::repeat_byte(1);
        Policy::parse(&format!("{}\n[groups]\nclerks = [\"{member}\"]\n", with("", &policies)))
    };
    assert_eq!(ask("clerks:1").unwrap().approvers()[0].to_string(), "clerks:1");
    for bad in ["clerks:2", "clerks:0", "clerks", "others:1", "clerks:-1"] {
        let error = ask(bad).unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
    }
}

#[test]
fn names_are_needed_and_given_once() {
    let unnamed = must_fail(&with("", "permit (principal, action, resource);"));
    assert!(unnamed.to_string().contains("@id"), "{unnamed}");
    let policies = "@id(\"a\")\npermit (principal, action, resource);\n\
                    @id(\"a\")\nforbid (principal, action, resource);";
    let twice = must_fail(&with("", policies));
    assert!(twice.to_string().contains("two policies are named \"a\""), "{twice}");
    let grants = "@id(\"a\")\n@grants(\"everything\")\npermit (principal, action, resource);";
    let unknown = must_fail(&with("", grants));
    assert!(unknown.to_string().contains("\"everything\""), "{unknown}");
}

#[test]
fn a_file_of_another_form_is_refused_by_line() {
    let error = must_fail("version = 1\npolicies = ''\nunknown = 5\n");
    assert!(matches!(error, PolicyError::File { line: Some(3), .. }), "{error:?}");
    let error = must_fail("version = 2\npolicies = ''\n");
    assert!(error.to_string().contains("version 2"), "{error}");
    let text =
        "version = 1\npolicies = ''\n[[limits]]\nname = \"a\"\nasset = \"gold\"\nmax = \"1\"\n";
    let error = must_fail(text);
    assert!(error.to_string().contains("gold"), "{error}");
}

#[test]
fn limits_callers_and_groups_are_read_as_written() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/treasury.toml"));
    let policy = Policy::parse(&text.unwrap()).unwrap();
    let daily = &policy.limits()[0];
    assert_eq!((daily.asset, daily.per), (Asset::Native, Scope::Account));
    assert_eq!(daily.max, U256::from(5_000_000_000_000_000_000_u64));
    assert_eq!(daily.window_s, Some(86_400));
    let caller = &policy.callers()[0];
    assert_eq!(caller.key, CallerKey::Wallet(Address::repeat_byte(0x11)));
    assert!(!policy.waives_intents());
}

#[test]
fn a_caller_has_one_key() {
    let both = format!(
        "version = 1\npolicies = ''\n[[callers]]\nname = \"a\"\nwallet = \"{}\"\ned25519 = \"{}\"\n",
        Address::ZERO,
        alloy::primitives::B256::ZERO
    );
    assert!(must_fail(&both).to_string().contains("one key"));
    let none = "version = 1\npolicies = ''\n[[callers]]\nname = \"a\"\n";
    assert!(must_fail(none).to_string().contains("one key"));
}
