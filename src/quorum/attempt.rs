//! One try by one quorum.

use std::{fmt, time::Duration};

use countersign_protocol::{
    Attempt, ClientError, CosignerClient, FailureClass, SignCall, SignReply, SignedReply,
};
use countersign_userop::Signature65;
use futures::{Stream, StreamExt as _, stream::FuturesUnordered};
use tracing::{Instrument as _, Span, field::Empty};

use crate::trace::TraceContext;

use super::{Ask, GRACE, Quorum, QuorumSignature, Refusal, Saw};

/// How long a cosigner has to show that it is alive, when a quorum fell silent.
const PROBE: Duration = Duration::from_millis(700);

/// After a failure, how long a refusal that explains it may take.
const HEAR_OUT: Duration = Duration::from_millis(150);

/// Why one quorum did not sign, and whom to leave out next time.
#[derive(Debug)]
pub(super) struct AttemptFailure {
    pub(super) blamed: Vec<u8>,
    /// Of whom one may be at fault: asked last, but not left out.
    pub(super) suspected: Vec<u8>,
    pub(super) refusal: Option<Box<Refusal>>,
    why: String,
}

impl fmt::Display for AttemptFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl AttemptFailure {
    fn new(blamed: Vec<u8>, why: impl Into<String>) -> Self {
        Self { blamed, suspected: Vec::new(), refusal: None, why: why.into() }
    }
}

impl Quorum {
    /// One try, and what the trace is told of it.
    pub(super) async fn attempt(
        &self,
        ask: &Ask,
        quorum: &[u8],
        limit: Duration,
    ) -> Result<QuorumSignature, AttemptFailure> {
        let attempt = Attempt(rand::random());
        let span = span_of(ask, quorum, attempt);
        let trace = ask.trace.as_ref().map(TraceContext::header);
        let call = SignCall {
            key: ask.key.clone(),
            child: ask.child,
            request: ask.request.clone(),
            quorum: quorum.to_vec(),
            attempt,
            approvals: ask.approvals.clone(),
            traceparent: countersign_telemetry::traceparent(&span).or(trace),
            deadline: limit,
        };
        let result = self.ask_all(ask, &call, limit).instrument(span.clone()).await;
        tell(&span, &result);
        result
    }

    /// Asks every member at once and ends with the first thing that decides the try.
    async fn ask_all(
        &self,
        ask: &Ask,
        call: &SignCall,
        limit: Duration,
    ) -> Result<QuorumSignature, AttemptFailure> {
        let quorum = &call.quorum;
        let members: Vec<_> = quorum.iter().filter_map(|party| self.member(*party)).collect();
        let mut asked: FuturesUnordered<_> =
            members.iter().map(|member| async { (*member, member.sign(call).await) }).collect();
        let mut signed: Option<QuorumSignature> = None;
        let mut patience = limit;
        while let Ok(Some((member, answer))) = tokio::time::timeout(patience, asked.next()).await {
            match judge(ask, member, answer) {
                Ok((signature, saw)) => {
                    let so_far = signed.get_or_insert_with(|| QuorumSignature {
                        signature,
                        quorum: quorum.to_vec(),
                        saw: Vec::new(),
                        failed: Vec::new(),
                    });
                    so_far.saw.push(saw);
                    patience = GRACE;
                }
                // One good signature is enough, whatever the others say.
                Err(failure) if signed.is_some() => {
                    tracing::warn!(%failure, "beside a good signature");
                }
                Err(mut failure) => {
                    if failure.refusal.is_none() {
                        hear_out(ask, &mut failure, &mut asked).await;
                    }
                    drop(asked);
                    return Err(self.who_is_silent(failure, &members).await);
                }
            }
        }
        match signed {
            Some(signature) => Ok(signature),
            None => {
                drop(asked);
                let silent = AttemptFailure::new(Vec::new(), format!("silent for {limit:?}"));
                Err(self.who_is_silent(silent, &members).await)
            }
        }
    }

    /// Nobody is named: those that do not even give their status are left out next time.
    async fn who_is_silent(
        &self,
        mut failure: AttemptFailure,
        members: &[&CosignerClient],
    ) -> AttemptFailure {
        if !failure.blamed.is_empty() || !failure.suspected.is_empty() {
            return failure;
        }
        let probes = members.iter().map(|member| async move {
            let alive = tokio::time::timeout(PROBE, member.status()).await;
            (!matches!(alive, Ok(Ok(_)))).then(|| member.party().index)
        });
        let silent = futures::future::join_all(probes).await;
        failure.blamed.extend(silent.into_iter().flatten());
        failure
    }
}

/// The span that the cosigners' own go under: below the step that asks, or below whoever asked for that.
fn span_of(ask: &Ask, quorum: &[u8], attempt: Attempt) -> Span {
    let within_step = countersign_telemetry::traceparent(&Span::current()).is_some();
    let span = tracing::info_span!(
        "attempt",
        otel.kind = "client",
        otel.status_code = Empty,
        key = %ask.key,
        request = %ask.request.kind(),
        quorum = ?quorum,
        attempt = %hex::encode(attempt.0),
        user_op_hash = ask.request.user_op_hash().map(tracing::field::display),
        outcome = Empty,
        rule = Empty,
    );
    if let Some(trace) = ask.trace.as_ref().filter(|_| !within_step) {
        trace.adopt(&span);
    }
    span
}

fn tell(span: &Span, result: &Result<QuorumSignature, AttemptFailure>) {
    let Err(failure) = result else {
        span.record("outcome", "signed");
        return;
    };
    span.record("otel.status_code", "ERROR");
    match &failure.refusal {
        Some(refusal) => {
            span.record("outcome", "refused");
            span.record("rule", &refusal.rule);
        }
        None => {
            span.record("outcome", "failed");
        }
    }
}

/// A refusal makes the others fail too, and theirs may be heard first: what the one that refused says
/// explains more.
async fn hear_out<'a>(
    ask: &Ask,
    failure: &mut AttemptFailure,
    asked: &mut (impl Stream<Item = (&'a CosignerClient, Result<SignReply, ClientError>)> + Unpin),
) {
    while let Ok(Some((member, answer))) = tokio::time::timeout(HEAR_OUT, asked.next()).await {
        if let Err(other) = judge(ask, member, answer)
            && other.refusal.is_some()
        {
            *failure = other;
            return;
        }
    }
}

/// What one answer is worth. Only a signature that recovers to the expected signer is one.
fn judge(
    ask: &Ask,
    member: &CosignerClient,
    answer: Result<SignReply, ClientError>,
) -> Result<(Signature65, Saw), AttemptFailure> {
    let party = member.party();
    let me = || vec![party.index];
    match answer {
        Ok(SignReply::Signed(reply)) => match checked(ask, &reply) {
            Some(signature) => {
                let (lines, stages) = (reply.saw, reply.stages);
                Ok((signature, Saw { cosigner: party.name.clone(), lines, stages }))
            }
            None => {
                Err(AttemptFailure::new(me(), format!("{} gave a wrong signature", party.name)))
            }
        },
        Ok(SignReply::Refused { rule, message }) => Err(AttemptFailure {
            blamed: me(),
            suspected: Vec::new(),
            why: format!("{} refused ({rule}): {message}", party.name),
            refusal: Some(Box::new(Refusal { cosigner: party.name.clone(), rule, message })),
        }),
        Ok(SignReply::Failed { class, message, culprits, suspects, .. }) => {
            let (blamed, suspected) = match class {
                FailureClass::Peer | FailureClass::Network => (culprits, suspects),
                _ => (me(), Vec::new()),
            };
            let why = format!("{}: {message}", party.name);
            Err(AttemptFailure { suspected, ..AttemptFailure::new(blamed, why) })
        }
        Err(ClientError::TimedOut { after }) => {
            Err(AttemptFailure::new(Vec::new(), format!("{}: silent for {after:?}", party.name)))
        }
        Err(error) => Err(AttemptFailure::new(me(), format!("{}: {error}", party.name))),
    }
}

fn checked(ask: &Ask, reply: &SignedReply) -> Option<Signature65> {
    let signature = Signature65::new(reply.signature).ok()?;
    (signature.recover(ask.digest) == Some(ask.signer)).then_some(signature)
}
