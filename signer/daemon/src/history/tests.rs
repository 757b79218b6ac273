//! Histories that leave and come back, and what is no history of ours.

use std::path::Path;

use alloy::primitives::{Address, B256, U256};
use countersign_protocol::{Identity, Request, SignReply};

use super::*;
use crate::decision::fixtures::{claim, entry, operation_terms};
use crate::decision::{Entry, Lands};
use crate::journal::{Claim, Clash, Signed, Standing, Terms};
use crate::judgement::{Refusal, Rule};
use crate::store::Store;
use crate::world::World;

const NOW: i64 = 1_700_000_000_000;

struct Bench {
    folder: tempfile::TempDir,
    owner: Owner,
}

impl Bench {
    fn new() -> Self {
        let identity = Identity::generate().unwrap();
        let owner = Owner { committee: [0xcc; 32], former: None, party: 3, identity };
        Self { folder: tempfile::tempdir().unwrap(), owner }
    }

    async fn store(&self, name: &str) -> Store {
        Store::open(&self.folder.path().join(name)).await.unwrap()
    }

    /// Exports the store, and gives the file.
    async fn export(&self, store: &Store) -> PathBuf {
        let file = self.folder.path().join(format!("{}.jsonl", rand::random::<u64>()));
        export(store, &self.owner, &file).await.unwrap();
        file
    }

    async fn import(&self, store: &Store, file: &Path) -> Result<Imported, HistoryError> {
        import(store, &self.owner, file, NOW).await
    }
}

/// An entry of its own slot, by its own digest.
fn nonce(nonce: u64) -> Entry {
    let mut claim = claim(1);
    claim.slot.slot.nonce = U256::from(nonce);
    claim.digest = B256::from(U256::from(nonce + 100));
    entry(claim)
}

/// The same slot, dearer and so by another digest.
fn dearer(nonce_of: u64, factor: u128) -> Entry {
    let mut terms = operation_terms();
    terms.max_fee_per_gas *= factor;
    terms.max_priority_fee_per_gas *= factor;
    let mut claim = nonce(nonce_of).claim.unwrap();
    claim.digest = B256::from(U256::from(nonce_of + 1_000 * u64::try_from(factor).unwrap()));
    claim.terms = Terms::Operation(terms);
    entry(claim)
}

async fn verdict(store: &Store, entry: &Entry) -> Result<Standing, Refusal> {
    store.record(entry, NOW).await.unwrap().verdict
}

fn again(entry: &Entry) -> Entry {
    Entry { attempt: Some(rand::random()), ..entry.clone() }
}

#[tokio::test]
async fn what_the_history_signed_is_not_signed_otherwise() {
    let bench = Bench::new();
    let (old, new) = (bench.store("old.db").await, bench.store("new.db").await);
    let given = nonce(1);
    verdict(&old, &given).await.unwrap();
    let imported = bench.import(&new, &bench.export(&old).await).await.unwrap();
    assert_eq!(imported, Imported { slots: 1, frozen: 0, bans: 0, era: 1 });
    let mut other = nonce(1);
    other.claim.as_mut().unwrap().digest = B256::repeat_byte(9);
    assert_eq!(verdict(&new, &other).await.unwrap_err().rule, Rule::Journal);
    assert_eq!(verdict(&new, &again(&given)).await, Ok(Standing::Same));
    assert_eq!(verdict(&new, &given).await.unwrap_err().rule, Rule::Attempt, "used up there");
    assert!(matches!(verdict(&new, &dearer(1, 2)).await, Ok(Standing::Replaces(_))));
}

#[tokio::test]
async fn the_same_history_again_changes_nothing() {
    let bench = Bench::new();
    let (old, new) = (bench.store("old.db").await, bench.store("new.db").await);
    for at in 0..5 {
        verdict(&old, &nonce(at)).await.unwrap();
    }
    let file = bench.export(&old).await;
    let first = bench.import(&new, &file).await.unwrap();
    let head = new.audit_head().await.unwrap();
    let second = bench.import(&new, &file).await.unwrap();
    assert_eq!(second, Imported { era: first.era, ..Imported::NOTHING });
    assert_eq!(new.audit_head().await.unwrap(), head);
    // nor does its own history
    let own = bench.export(&new).await;
    assert_eq!(bench.import(&new, &own).await.unwrap(), second);
    assert_eq!(new.audit_head().await.unwrap(), head);
}

#[tokio::test]
async fn one_who_merely_knows_more_of_a_slot_is_believed() {
    let bench = Bench::new();
    let (old, new) = (bench.store("old.db").await, bench.store("new.db").await);
    for store in [&old, &new] {
        verdict(store, &nonce(1)).await.unwrap();
        verdict(store, &nonce(2)).await.unwrap();
    }
    verdict(&old, &dearer(1, 2)).await.unwrap();
    verdict(&new, &dearer(2, 2)).await.unwrap();
    let imported = bench.import(&new, &bench.export(&old).await).await.unwrap();
    assert_eq!(imported.frozen, 0);
    // the dearest is what the next one is measured by, on either side
    for slot in [1, 2] {
        assert_eq!(verdict(&new, &again(&dearer(slot, 2))).await, Ok(Standing::Same));
        assert!(matches!(verdict(&new, &dearer(slot, 3)).await, Ok(Standing::Replaces(_))));
    }
}

#[tokio::test]
async fn a_slot_with_two_stories_is_remembered_with_both_and_takes_nothing_more() {
    let bench = Bench::new();
    let (old, new) = (bench.store("old.db").await, bench.store("new.db").await);
    let (theirs, ours) = (dearer(1, 1), nonce(1));
    verdict(&old, &theirs).await.unwrap();
    verdict(&new, &ours).await.unwrap();
    let imported = bench.import(&new, &bench.export(&old).await).await.unwrap();
    assert_eq!((imported.slots, imported.frozen), (0, 1));
    for entry in [&theirs, &ours, &dearer(1, 5)] {
        let refused = verdict(&new, &again(entry)).await.unwrap_err();
        assert_eq!(refused.rule, Rule::Journal);
        assert!(refused.message.contains(&Clash::Frozen.to_string()), "{refused}");
    }
    let slot = ours.slot.clone().unwrap();
    assert_eq!(new.slot_history(&slot).await.unwrap().len(), 2, "both are remembered");
    // and whoever imports this one knows it too
    let third = bench.store("third.db").await;
    bench.import(&third, &bench.export(&new).await).await.unwrap();
    assert!(verdict(&third, &again(&ours)).await.is_err());
}

#[tokio::test]
async fn everything_else_that_forbids_comes_along() {
    let bench = Bench::new();
    let (old, new) = (bench.store("old.db").await, bench.store("new.db").await);
    let rows = "INSERT INTO ban VALUES ('02aa', 2, 'cheated', 1); \
        INSERT INTO spoiled VALUES ('02aa', 1, 7, 1); \
        INSERT INTO reservation VALUES ('limit', 'slot', '100', 50); \
        INSERT INTO exposure VALUES ('payer', 'slot', '60', 500); \
        INSERT INTO exposure_total VALUES ('payer', '60'); \
        INSERT INTO barrier VALUES ('account', 'slot', 1); \
        INSERT INTO intent VALUES ('alice', 'rent', 'slot-a', 1), ('alice', 'food', 'slot-b', 1); \
        INSERT INTO frozen VALUES ('slot-z', 1); \
        INSERT INTO operation VALUES ('slot', '0x01', NULL)";
    let rows = rows.replace("0x01", &format!("{:#x}", B256::repeat_byte(1)));
    execute(&old, rows).await;
    let here = "INSERT INTO spoiled VALUES ('02aa', 1, 9, 0); \
        INSERT INTO reservation VALUES ('limit', 'slot', '30', 90); \
        INSERT INTO exposure VALUES ('payer', 'slot', '20', 900), ('payer', 'other', '5', 900); \
        INSERT INTO exposure_total VALUES ('payer', '25'); \
        INSERT INTO intent VALUES ('bob', 'x', 'slot-a', 1), ('alice', 'food', 'slot-c', 1)";
    execute(&new, here.to_owned()).await;
    let imported = bench.import(&new, &bench.export(&old).await).await.unwrap();
    assert_eq!(imported.bans, 1);
    let lines = bench.export(&new).await;
    let text = std::fs::read_to_string(lines).unwrap();
    for part in [
        r#"{"ban":{"root":"02aa","party":2,"reason":"cheated","atMs":1}}"#,
        r#"{"spoiled":{"root":"02aa","party":1,"count":9,"lastAtMs":1}}"#,
        r#"{"reservation":{"account":"limit","slot":"slot","amount":"100","atMs":90}}"#,
        r#"{"exposure":{"account":"payer","slot":"slot","wei":"60","validUntil":900}}"#,
        r#"{"barrier":{"account":"account","slot":"slot","atMs":1}}"#,
        r#"{"frozen":{"slot":"slot-z"}}"#,
        // bob keeps his slot, alice's rent is used up, and both contested slots are frozen
        r#"{"intent":{"signer":"bob","id":"x","slot":"slot-a","atMs":1}}"#,
        r#"{"intent":{"signer":"alice","id":"rent","slot":"slot-a was given to alice/rent","atMs":1}}"#,
        r#"{"frozen":{"slot":"slot-a"}}"#,
        r#"{"frozen":{"slot":"slot-b"}}"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let total: String = {
        let mut connection = new.connection().await;
        let query = sqlx::query_scalar("SELECT wei FROM exposure_total WHERE account = 'payer'");
        query.fetch_one(&mut *connection).await.unwrap()
    };
    assert_eq!(total, "65");
}

async fn execute(store: &Store, sql: String) {
    let mut connection = store.connection().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await.unwrap();
}

/// A history, as text.
async fn history(bench: &Bench) -> String {
    let old = bench.store("old.db").await;
    for at in 0..3 {
        verdict(&old, &nonce(at)).await.unwrap();
    }
    std::fs::read_to_string(bench.export(&old).await).unwrap()
}

async fn refused(bench: &Bench, store: &Store, text: &str) -> HistoryError {
    let file = bench.folder.path().join("bad.jsonl");
    std::fs::write(&file, text).unwrap();
    let error = bench.import(store, &file).await.unwrap_err();
    assert_eq!(store.audit_head().await.unwrap().count, 0, "nothing is taken in");
    let slot = nonce(0).slot.unwrap();
    assert!(store.slot_history(&slot).await.unwrap().is_empty(), "nothing is taken in");
    error
}

#[tokio::test]
async fn a_history_that_was_cut_off_anywhere_is_refused_whole() {
    let bench = Bench::new();
    let (text, new) = (history(&bench).await, bench.store("new.db").await);
    let lines: Vec<_> = text.lines().collect();
    for keep in 0..lines.len() {
        let cut: String = lines[..keep].iter().map(|line| format!("{line}\n")).collect();
        let error = refused(&bench, &new, &cut).await;
        let expected = u64::try_from(keep).unwrap();
        assert!(matches!(error, HistoryError::Truncated { lines } if lines == expected), "{error}");
    }
    let error = refused(&bench, &new, text.trim_end()).await;
    assert!(matches!(error, HistoryError::Truncated { .. }), "{error}");
}

#[tokio::test]
async fn a_history_that_was_changed_or_added_to_is_refused() {
    let bench = Bench::new();
    let (text, new) = (history(&bench).await, bench.store("new.db").await);
    let changed = text.replacen("\"decidedAtMs\":1", "\"decidedAtMs\":2", 1);
    assert!(matches!(refused(&bench, &new, &changed).await, HistoryError::Changed));
    let mut lines: Vec<_> = text.lines().collect();
    lines.remove(2);
    let dropped = lines.join("\n") + "\n";
    assert!(matches!(refused(&bench, &new, &dropped).await, HistoryError::Changed));
    let more = format!("{text}{{}}\n");
    assert!(matches!(refused(&bench, &new, &more).await, HistoryError::Trailing));
    let long = text.replacen("\n", &format!("\n{}\n", "x".repeat(form::MAX_LINE)), 1);
    assert!(matches!(refused(&bench, &new, &long).await, HistoryError::Malformed { line: 2, .. }));
    let unknown = text.replacen("{\"slot\":{", "{\"unheardOf\":{", 1);
    assert!(matches!(
        refused(&bench, &new, &unknown).await,
        HistoryError::Malformed { line: 2, .. }
    ));
}

#[tokio::test]
async fn a_history_of_another_form_committee_party_or_identity_is_refused_by_name() {
    let bench = Bench::new();
    let (text, new) = (history(&bench).await, bench.store("new.db").await);
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    let error = refused(&bench, &new, &newer).await;
    assert!(matches!(error, HistoryError::Newer { found: 2, known: 1 }), "{error}");
    assert!(matches!(refused(&bench, &new, "{\"a\":1}\n").await, HistoryError::Alien));
    let mut other = Bench { folder: tempfile::tempdir().unwrap(), owner: bench.owner.clone() };
    other.owner.committee = [0xdd; 32];
    let error = refused(&other, &new, &text).await;
    assert!(matches!(error, HistoryError::OtherCommittee { .. }), "{error}");
    other.owner = Owner { party: 2, ..bench.owner.clone() };
    let error = refused(&other, &new, &text).await;
    assert!(matches!(error, HistoryError::OtherParty { found: 3, ours: 2 }), "{error}");
    other.owner = Owner { identity: Identity::generate().unwrap(), ..bench.owner.clone() };
    let error = refused(&other, &new, &text).await;
    assert!(matches!(error, HistoryError::OtherIdentity { .. }), "{error}");
    // unless the operator says that the committee was ours
    other.owner = Owner { committee: [0xdd; 32], former: Some([0xcc; 32]), ..bench.owner.clone() };
    let file = bench.folder.path().join("good.jsonl");
    std::fs::write(&file, &text).unwrap();
    assert_eq!(other.import(&new, &file).await.unwrap().slots, 3);
}

#[tokio::test]
async fn the_history_has_its_golden_form() {
    let bench = Bench::new();
    let store = bench.store("old.db").await;
    let lands = Lands { hash: B256::repeat_byte(7), valid_until: Some(5) };
    let given = Entry { attempt: Some([1; 16]), operation: Some(lands), ..nonce(1) };
    verdict(&store, &given).await.unwrap();
    let Claim { slot, digest, .. } = given.claim.unwrap();
    store.mark_signed(&[Signed { slot, digest, at_ms: NOW + 1 }]).await.unwrap();
    let mut approval = nonce(2);
    let claim = approval.claim.as_mut().unwrap();
    claim.terms = Terms::Approval {
        paymaster: Address::repeat_byte(9),
        max_cost_wei: U256::from(5),
        valid_until: 6,
    };
    approval.attempt = Some([2; 16]);
    verdict(&store, &approval).await.unwrap();
    let text = std::fs::read_to_string(bench.export(&store).await).unwrap();
    let between: Vec<_> = text
        .lines()
        .filter(|line| {
            !["{\"format\"", "{\"covers\"", "{\"end\""].iter().any(|start| line.starts_with(start))
        })
        .collect();
    insta::assert_snapshot!(between.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_cosigner_signs_again_once_its_history_is_imported() {
    let mut world = World::start().await;
    let sign = async |world: &World, quorum: &[u8], nonce: u64| {
        let call = world.call(quorum, Request::UserOperation(world.operation(nonce)));
        world.ask_all(&call).await
    };
    let signed =
        |replies: &[SignReply]| replies.iter().all(|reply| matches!(reply, SignReply::Signed(_)));
    assert!(signed(&sign(&world, &[1, 3], 1).await));
    let copy = world.copy(3).await;
    assert!(signed(&sign(&world, &[1, 3], 2).await));
    assert!(signed(&sign(&world, &[2, 3], 3).await));
    // given what it exported while it ran
    let identity = world.identities[&crate::world::party(3)].clone();
    let owner = Owner { committee: [0xcc; 32], former: None, party: 3, identity };
    let file = copy.with_extension("jsonl");
    let reader = Store::open_to_read(&world.database(3)).await.unwrap();
    export(&reader, &owner, &file).await.unwrap();
    // when its database goes back and its history comes in
    world.roll_back(3, &copy).await;
    assert!(!signed(&sign(&world, &[1, 3], 4).await));
    let healed = copy.with_file_name("healed.db");
    std::fs::copy(&copy, &healed).unwrap();
    let store = Store::open(&healed).await.unwrap();
    import(&store, &owner, &file, NOW).await.unwrap();
    drop(store);
    world.restart_on(3, healed).await;
    // then both peers sign with it, and what it had signed is not signed otherwise
    assert!(signed(&sign(&world, &[1, 3], 5).await));
    assert!(signed(&sign(&world, &[2, 3], 6).await));
    let mut other = world.operation(2);
    other.op = other.op.with_fees(countersign_userop::Fees {
        max_fee_per_gas: 2_000_000_001,
        max_priority_fee_per_gas: 1_000_000_000,
    });
    let call = world.call(&[1, 3], Request::UserOperation(other));
    let SignReply::Refused { rule, .. } = world.ask(3, &call).await else { panic!("signed") };
    assert_eq!(rule, "journal");
    // also after its peers forgot to say what they know, and after a restart
    world.restart(3).await;
    world.forget_heads(true);
    assert!(signed(&sign(&world, &[1, 3], 7).await));
}
