//! The load: callers that all call while the gate is open, and are all still when it is closed.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{
    caller::{Caller, Form, Gone, session_of},
    kill::Trigger,
    schedule::Random,
    seen::{Answer, Seen},
};
use crate::support::issuer::Issuer;

/// Callers for each form of call.
const CALLERS_PER_FORM: usize = 2;
/// Longer than a call may take.
const STILL_MAX: Duration = Duration::from_secs(90);

/// What callers share.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) public_url: String,
    pub(super) credential: String,
    pub(super) issuer: Issuer,
    pub(super) seen: Arc<Mutex<Seen>>,
    pub(super) trigger: Arc<Trigger>,
    /// Tokens of sessions that must be usable after the kill, and of some that must not be.
    pub(super) kept: Mutex<Vec<String>>,
    pub(super) revoked: Mutex<Vec<String>>,
    pub(super) sent: std::sync::atomic::AtomicU64,
}

/// Whether callers call, for which time, and with which tokens.
#[derive(Clone, Debug)]
enum Gate {
    Closed,
    Open { round: u64, tokens: Arc<Tokens> },
}

/// What callers present.
#[derive(Debug)]
pub(super) struct Tokens {
    /// Of the session that they call in.
    pub(super) session: String,
    /// Of the issuer, for more sessions.
    pub(super) subject: String,
}

/// The callers, as tasks that end with this value.
#[derive(Debug)]
pub(super) struct Load {
    gate: watch::Sender<Gate>,
    calling: watch::Receiver<usize>,
    round: u64,
    _tasks: JoinSet<()>,
}

impl Load {
    pub(super) fn start(ground: &Arc<Ground>, random: &mut Random) -> Self {
        let (gate, _) = watch::channel(Gate::Closed);
        let (count, calling) = watch::channel(0);
        let count = Arc::new(count);
        let mut tasks = JoinSet::new();
        for form in Form::ALL.into_iter().cycle().take(CALLERS_PER_FORM * Form::ALL.len()) {
            let work = Work::Calls(form);
            tasks.spawn(run(
                work,
                Arc::clone(ground),
                Random::new(random.next()),
                gate.subscribe(),
                Arc::clone(&count),
            ));
        }
        let work = Work::Exchanges;
        tasks.spawn(run(work, Arc::clone(ground), Random::new(random.next()), gate.subscribe(), count));
        Self { gate, calling, round: 0, _tasks: tasks }
    }

    /// Lets all callers call with these tokens.
    pub(super) fn open(&mut self, tokens: Tokens) {
        self.round += 1;
        self.gate.send_replace(Gate::Open { round: self.round, tokens: Arc::new(tokens) });
    }

    /// Lets no caller begin a call.
    pub(super) fn close(&self) {
        self.gate.send_replace(Gate::Closed);
    }

    /// Waits until every caller knows what came of its last call.
    pub(super) async fn still(&self) {
        let mut calling = self.calling.clone();
        let still = timeout(STILL_MAX, calling.wait_for(|calling| *calling == 0)).await;
        still.expect("every call ends").expect("the callers run");
    }
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Calls(Form),
    Exchanges,
}

async fn run(
    work: Work,
    ground: Arc<Ground>,
    mut random: Random,
    mut gate: watch::Receiver<Gate>,
    count: Arc<watch::Sender<usize>>,
) {
    let mut last = 0;
    loop {
        let opened = gate.wait_for(|gate| matches!(gate, Gate::Open { round, .. } if *round > last)).await;
        let Ok(Gate::Open { round, tokens }) = opened.map(|gate| gate.clone()) else { return };
        last = round;
        count.send_modify(|calling| *calling += 1);
        let _the_broker_is_gone = until_closed(work, &ground, &mut random, &gate, &tokens).await;
        count.send_modify(|calling| *calling -= 1);
    }
}

/// Works until the gate is closed or the broker is gone.
async fn until_closed(
    work: Work,
    ground: &Ground,
    random: &mut Random,
    gate: &watch::Receiver<Gate>,
    tokens: &Tokens,
) -> Result<(), Gone> {
    let mut caller = Caller::connect(&ground.public_url).await?;
    while matches!(*gate.borrow(), Gate::Open { .. }) {
        match work {
            Work::Calls(form) => call(form, ground, random, &tokens.session, &mut caller).await?,
            Work::Exchanges => exchange(ground, random, &tokens.subject, &mut caller).await?,
        }
    }
    Ok(())
}

async fn call(form: Form, ground: &Ground, random: &mut Random, token: &str, caller: &mut Caller) -> Result<(), Gone> {
    let trace = format!("{:016x}{:016x}", random.next(), random.next() | 1);
    ground.sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let answer = caller.call(form, token, &trace).await?;
    ground.trigger.answer();
    // What a tool answers is put into another envelope, so its bytes are not those that were recorded.
    let body_sha256 = matches!(form, Form::Get | Form::Post).then(|| answer.body_sha256());
    let fault = answer.fault(&trace, &ground.credential);
    let mut seen = ground.seen.lock();
    seen.faults.extend(fault);
    seen.answers.push(Answer { trace, body_sha256 });
    Ok(())
}

/// Begins a session, and ends every second one.
async fn exchange(ground: &Ground, random: &mut Random, subject: &str, caller: &mut Caller) -> Result<(), Gone> {
    let token = match caller.exchange(subject).await? {
        Ok(token) => token,
        Err(refused) => {
            let body = String::from_utf8_lossy(&refused.body).into_owned();
            ground.seen.lock().faults.push(format!("an exchange was refused: {} {body}", refused.status));
            return Ok(());
        }
    };
    let session = session_of(&token);
    ground.seen.lock().sessions_begun.push(session.clone());
    if random.next().is_multiple_of(2) {
        ground.kept.lock().push(token);
        return Ok(());
    }
    let ended = caller.revoke(&token).await?;
    if !ended.status.is_success() {
        ground.seen.lock().faults.push(format!("{session}: a revocation was refused: {}", ended.status));
        return Ok(());
    }
    ground.seen.lock().sessions_ended.push(session);
    ground.revoked.lock().push(token);
    Ok(())
}
