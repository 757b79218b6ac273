//! A real cosigner's share, backed up while it runs, read back, opened, and refused where a file is not good.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use countersign_backup::{Backup, Identity, Recipients, seal};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::process::{Processes, must_succeed};

/// Three running cosigners with a key, and three people with an identity file each.
struct World {
    processes: Processes,
    people: Vec<Identity>,
    folder: tempfile::TempDir,
}

impl World {
    fn start() -> Self {
        let mut processes = Processes::set_up();
        (0..3).for_each(|at| processes.start(at, None));
        processes.await_links();
        processes.keygen().unwrap();
        (0..3).for_each(|at| processes.await_state(at, Some("live")));
        let folder = tempfile::tempdir().unwrap();
        let people: Vec<_> = (0..3).map(|_| Identity::generate()).collect();
        for (at, person) in people.iter().enumerate() {
            let text = person.expose_text();
            std::fs::write(folder.path().join(format!("{at}.txt")), text.expose_secret()).unwrap();
        }
        Self { processes, people, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Backs up the key of the cosigner at `at` to some of the people.
    fn create(&self, at: usize, need: &str, to: &[usize], name: &str) -> Output {
        let (out, people) = (self.path(name), &self.people);
        let to: Vec<String> = to.iter().map(|at| people[*at].recipient().to_string()).collect();
        let mut args = vec!["backup", "create", "--key", "main", "--json", "--need", need];
        to.iter().for_each(|recipient| args.extend(["--to", recipient]));
        let out = out.display().to_string();
        args.extend(["--out", &out]);
        self.processes.command(at, &args)
    }

    /// Runs `cosigner backup verify` or `lint`, as somebody who has files and no cosigner.
    fn look(&self, command: &str, files: &[&str], people: &[usize]) -> Output {
        let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_cosigner"));
        run.current_dir(self.folder.path()).args(["backup", command, "--json"]).args(files);
        for person in people {
            run.args(["--identity", &format!("{person}.txt")]);
        }
        run.output().unwrap()
    }
}

fn said(output: &Output) -> Value {
    must_succeed(output);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn must_change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_running_cosigners_share_is_backed_up_read_back_opened_by_its_people_and_refused_when_changed()
{
    let world = World::start();
    // when a running cosigner's share is backed up for any two of three people
    let made = said(&world.create(0, "2", &[0, 1, 2], "one.backup"));
    assert_eq!((&made["party"], &made["need"]), (&Value::from(1), &Value::from(2)));
    let path = world.path("one.backup");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = complaint(&world.create(0, "2", &[0, 1, 2], "one.backup"));
    assert!(again.contains("is there already"), "{again}");
    // then any two prove it, one cannot, and nobody at all sees its form
    assert_eq!(said(&world.look("verify", &["one.backup"], &[]))["opened"], Value::Null);
    let opened = said(&world.look("verify", &["one.backup"], &[2, 0]))["opened"].clone();
    assert_eq!(opened["address"], Value::from(world.processes.address(0)));
    let few = complaint(&world.look("verify", &["one.backup"], &[1]));
    assert!(few.contains("1 are missing"), "{few}");
    // and a byte that changed is noticed
    must_change(&path, |bytes| *bytes.last_mut().unwrap() ^= 1);
    let changed = complaint(&world.look("verify", &["one.backup"], &[]));
    assert!(changed.contains("one.backup") && changed.contains("damaged"), "{changed}");
}

#[test]
fn files_of_several_parties_are_refused_where_they_do_not_go_together() {
    let world = World::start();
    said(&world.create(0, "1", &[0], "one.backup"));
    said(&world.create(1, "1", &[1], "two.backup"));
    said(&world.create(2, "1", &[2, 0], "three.backup"));
    must_succeed(&world.look("verify", &["one.backup", "three.backup"], &[0]));
    // Whoever opens two of three parties' files has the whole key.
    must_succeed(&world.look("lint", &["one.backup", "two.backup"], &[]));
    let greedy = complaint(&world.look("lint", &["one.backup", "two.backup", "three.backup"], &[]));
    let named = world.people[0].recipient().to_string();
    assert!(greedy.contains(&named) && greedy.contains("[1, 3]"), "{greedy}");
    // A file that claims a later generation makes the others old, and its share gives it away.
    let file = Backup::parse(&std::fs::read(world.path("two.backup")).unwrap()).unwrap();
    let mut contents = file.open(&world.people[1..2]).unwrap();
    contents.facts.epoch += 1;
    let to = Recipients::new(1, vec![world.people[1].recipient()]).unwrap();
    std::fs::write(world.path("later.backup"), seal(&contents, to).unwrap()).unwrap();
    let mixed = complaint(&world.look("verify", &["one.backup", "later.backup"], &[]));
    assert!(mixed.contains("one.backup is old"), "{mixed}");
    let lying = complaint(&world.look("verify", &["later.backup"], &[1]));
    assert!(lying.contains("does not belong to the key"), "{lying}");
}

#[test]
fn no_share_leaves_beside_a_journal_that_may_not_know_its_bans() {
    let world = World::start();
    let of = |at| world.processes.data(at, "journal.id");
    // given that the vault knows its journal by the name of another's
    std::fs::copy(of(1), of(0)).unwrap();
    let refused = complaint(&world.create(0, "1", &[0], "one.backup"));
    assert!(refused.contains("the journal is not the one of these shares"), "{refused}");
    assert!(!world.path("one.backup").exists());
}

#[test]
fn no_share_leaves_without_the_vaults_passphrase_or_for_a_key_that_is_not_there() {
    let world = World::start();
    let recipient = world.people[0].recipient().to_string();
    let out = world.path("other.backup").display().to_string();
    let args = ["backup", "create", "--key", "other", "--to", &recipient, "--out", &out];
    let unknown = complaint(&world.processes.command(0, &args));
    assert!(unknown.contains("no live key named other"), "{unknown}");
    std::fs::write(world.processes.passphrase(0), "wrong horse\n").unwrap();
    let wrong = complaint(&world.create(0, "1", &[0], "one.backup"));
    assert!(wrong.contains("passphrase is wrong"), "{wrong}");
    // A secret key that was given for a public one is not repeated.
    let secret = world.people[0].expose_text();
    let swapped = ["backup", "create", "--key", "main", "--out", &out, "--to"];
    let swapped = [&swapped[..], &[secret.expose_secret()]].concat();
    let mistaken = complaint(&world.processes.command(0, &swapped));
    assert!(mistaken.contains("<redacted>") && !mistaken.contains(secret.expose_secret()));
    assert!(!world.path("one.backup").exists());
}

/// The shell snippets of docs/BACKUP.md, in order.
fn snippets() -> Vec<String> {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/BACKUP.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let fences = guide.split("```sh\n").skip(1);
    fences.map(|rest| rest.split_once("```").unwrap().0.to_owned()).collect()
}

#[test]
fn the_guide_to_backups_works_as_it_stands() {
    let world = World::start();
    let home = world.processes.passphrase(0).parent().unwrap().to_owned();
    for (at, name) in ["anna", "ben", "chris"].iter().enumerate() {
        std::fs::copy(world.path(&format!("{at}.txt")), home.join(format!("{name}.txt"))).unwrap();
    }
    // The other operators send their files.
    for (at, name) in [(1, "main-2.backup"), (2, "main-3.backup")] {
        said(&world.create(at, "2", &[0, 1, 2], name));
        std::fs::rename(world.path(name), home.join(name)).unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_cosigner")).parent().unwrap().to_owned();
    let search = std::env::var("PATH").unwrap();
    let snippets = snippets();
    assert_eq!(snippets.len(), 4, "{snippets:?}");
    for snippet in snippets {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-ec", &snippet]).current_dir(&home);
        shell.env("PATH", format!("{}:{search}", program.display()));
        for (name, person) in ["ANNA", "BEN", "CHRIS"].iter().zip(&world.people) {
            shell.env(name, person.recipient().to_string());
        }
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{snippet}{}", String::from_utf8_lossy(&output.stderr));
    }
}
