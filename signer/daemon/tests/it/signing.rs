//! Signing among real processes over real sockets, and processes that die while they sign.

use std::time::Duration;

use alloy::primitives::{Address, Bytes, U256};
use countersign_protocol::{
    AccountClaim, Attempt, ChildNumber, ClientOptions, CosignerClient, Request, SignCall,
    SignReply, UserOperationRequest,
};
use countersign_userop::{
    AccountKind, AccountSpec, Call, ChainId, EntryPointVersion, Fees, GasLimits, Signature65,
    UserOperation,
};

use crate::process::{Processes, must_become, must_succeed};

const CHILD: u32 = 4;

fn spec() -> AccountSpec {
    let (kind, version) = (AccountKind::Countersign, EntryPointVersion::V0_7);
    AccountSpec::new(kind, version, Address::repeat_byte(0xfa), Address::repeat_byte(0x11)).unwrap()
}

/// Three running processes with a key, seen by the gateway.
pub(crate) struct Committee {
    pub(crate) processes: Processes,
    clients: Vec<CosignerClient>,
    owner: Address,
}

impl Committee {
    pub(crate) async fn start() -> Self {
        Self::start_on(Processes::set_up()).await
    }

    pub(crate) async fn start_on(mut processes: Processes) -> Self {
        (0..3).for_each(|at| processes.start(at, None));
        processes.await_links();
        processes.keygen().unwrap();
        (0..3).for_each(|at| processes.await_state(at, Some("live")));
        let committee = processes.committee();
        let client = |party| {
            CosignerClient::new(&processes.gateway, party, ClientOptions::default()).unwrap()
        };
        let clients: Vec<_> = committee.parties().iter().map(client).collect();
        let child = ChildNumber::new(CHILD);
        let owner = clients[0].derive_owner(&"main".parse().unwrap(), child).await.unwrap();
        Self { processes, clients, owner }
    }

    /// A call to send `wei` under `nonce`, with a fresh attempt.
    pub(crate) fn call(&self, quorum: &[u8], nonce: u64, wei: u64) -> SignCall {
        let (spec, salt) = (spec(), U256::ZERO);
        let pay = Call { to: Address::repeat_byte(7), value: U256::from(wei), data: Bytes::new() };
        let data = spec.encode_calls(&[pay]).unwrap();
        let sender = spec.address(self.owner, salt);
        let op = UserOperation::new(spec.version, sender, U256::from(nonce), data)
            .with_gas(GasLimits { call: 50_000, verification: 100_000, pre_verification: 50_000 })
            .with_fees(Fees { max_fee_per_gas: 1_000, max_priority_fee_per_gas: 1_000 });
        let request = UserOperationRequest {
            entry_point: spec.version.canonical_address(),
            chain: ChainId::new(31_337),
            version: spec.version,
            account: AccountClaim { kind: spec.kind, factory: spec.factory, salt },
            op,
            intent: None,
        };
        SignCall {
            key: "main".parse().unwrap(),
            child: ChildNumber::new(CHILD),
            request: Request::UserOperation(request),
            quorum: quorum.to_vec(),
            attempt: Attempt(rand::random()),
            approvals: Vec::new(),
            traceparent: None,
            deadline: Duration::from_secs(8),
        }
    }

    /// The answers of the whole quorum; `None` from one that could not be asked.
    pub(crate) async fn ask(&self, call: &SignCall) -> Vec<Option<SignReply>> {
        let asked = call.quorum.iter().map(|party| {
            let client = &self.clients[usize::from(*party) - 1];
            async { client.sign(call).await.ok() }
        });
        futures::future::join_all(asked).await
    }

    pub(crate) async fn must_sign(&self, call: &SignCall) {
        let replies = self.ask(call).await;
        let Request::UserOperation(request) = &call.request else { unreachable!() };
        let hash = request.op.hash(request.entry_point, request.chain);
        for reply in replies {
            let Some(SignReply::Signed(signed)) = reply else { panic!("{reply:?}") };
            let signature = Signature65::new(signed.signature).unwrap();
            assert_eq!(signature.recover(spec().owner_digest(hash)), Some(self.owner));
        }
    }

    fn restart(&mut self, at: usize, fault: Option<&str>) {
        self.processes.kill(at);
        self.processes.start(at, fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pair_of_processes_signs_and_each_keeps_an_unbroken_audit() {
    let committee = Committee::start().await;
    for (nonce, quorum) in [(1, [1, 2]), (2, [1, 3]), (3, [2, 3])] {
        committee.must_sign(&committee.call(&quorum, nonce, 1)).await;
    }
    for at in 0..3 {
        let verified = committee.processes.command(at, &["audit", "verify"]);
        must_succeed(&verified);
        let said = String::from_utf8(verified.stdout).unwrap();
        assert!(said.starts_with("2 records, unbroken"), "{said}");
        let shown = committee.processes.command(at, &["audit", "show", "--after", "1"]);
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.starts_with(r#"{"v":2,"seq":2,"#) && shown.lines().count() == 1, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_stop_ends_its_sessions_first() {
    let mut committee = Committee::start().await;
    let call = committee.call(&[1, 2], 1, 1);
    // given a session of party 2, which waits for party 1
    let (client, second) = (committee.clients[1].clone(), call.clone());
    let waiting = tokio::spawn(async move { client.sign(&second).await });
    must_become(|| {
        let shown = committee.processes.command(1, &["audit", "show"]);
        !shown.stdout.is_empty()
    });
    // when it is asked to stop, and only then party 1 is asked to sign
    committee.processes.ask_to_stop(1);
    let first = committee.clients[0].sign(&call).await;
    // then both have a signature, and the process ends as it was told
    assert!(matches!(first, Ok(SignReply::Signed(_))), "{first:?}");
    let second = waiting.await.unwrap();
    assert!(matches!(second, Ok(SignReply::Signed(_))), "{second:?}");
    assert_eq!(committee.processes.exit_code(1), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_after_its_decision_remembers_it_and_signs_nothing_else() {
    let mut committee = Committee::start().await;
    committee.restart(1, Some("after-journal-commit"));
    let first = committee.call(&[1, 2], 1, 1);
    let replies = committee.ask(&first).await;
    assert!(
        matches!(&replies[0], Some(SignReply::Failed { culprits, retryable: true, .. })
        if culprits == &[2]),
        "{replies:?}"
    );
    assert_eq!(replies[1], None);
    committee.processes.must_die(1);
    committee.processes.start(1, None);

    let other = committee.ask(&committee.call(&[2, 3], 1, 2)).await;
    assert!(matches!(&other[0], Some(SignReply::Refused { rule, .. }) if rule == "journal"));
    committee.must_sign(&committee.call(&[1, 2], 1, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_before_its_decision_was_written_knows_nothing_of_it() {
    let mut committee = Committee::start().await;
    committee.restart(1, Some("before-journal-commit"));
    committee.ask(&committee.call(&[1, 2], 1, 1)).await;
    committee.processes.must_die(1);
    committee.processes.start(1, None);
    committee.must_sign(&committee.call(&[2, 3], 1, 2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_between_rounds_starts_afresh_and_nobody_is_banned() {
    let mut committee = Committee::start().await;
    for (nonce, fault) in [(1, "round-1-sent"), (2, "round-2-sent"), (3, "round-3-sent")] {
        committee.restart(1, Some(fault));
        committee.ask(&committee.call(&[1, 2], nonce, 1)).await;
        committee.processes.must_die(1);
        committee.processes.start(1, None);
        committee.must_sign(&committee.call(&[1, 2], nonce, 1)).await;
    }
    for at in 0..3 {
        let bans = committee.processes.command(at, &["bans"]);
        assert!(bans.stdout.is_empty(), "{}", String::from_utf8_lossy(&bans.stdout));
    }
}
