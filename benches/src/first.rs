//! The first call of a session, which mints its credential, and the second, which finds it: one session after another.

use std::time::{Duration, Instant};

use crate::{
    Failure, Proxy,
    answers::{self, Answer},
    connection::{Connection, host},
    load::checked,
    pace::percentiles,
    session::{exchange, subject_token},
};

/// Prints `p50_us=… p99_us=…` of the first calls, and `next_p50_us=… next_p99_us=…` of the second ones.
pub(crate) async fn run(proxy: &Proxy, path: &str, sessions: usize) -> Result<(), Failure> {
    let answer = Answer::of_path(path).ok_or_else(|| Failure::of(path, "no such answer"))?;
    let subject = subject_token()?;
    let mut connection = Connection::open(proxy).await?;
    let (mut first, mut next) = (Vec::new(), Vec::new());
    // The first session of a broker is not like the others: the broker logs in at the source.
    for count in 0..=sessions {
        let token = exchange(&mut connection, proxy, &subject).await?;
        let request = answers::request(&host(proxy), path, &token);
        let took = (timed(&mut connection, &request, answer).await?, timed(&mut connection, &request, answer).await?);
        if count > 0 {
            first.push(took.0);
            next.push(took.1);
        }
    }
    let ((p50, p99), (next_p50, next_p99)) = (percentiles(&mut first), percentiles(&mut next));
    println!("p50_us={p50:.1} p99_us={p99:.1} next_p50_us={next_p50:.1} next_p99_us={next_p99:.1}");
    Ok(())
}

async fn timed(connection: &mut Connection, request: &[u8], answer: Answer) -> Result<Duration, Failure> {
    let sent = Instant::now();
    let answered = connection.call(request).await?;
    let took = sent.elapsed();
    checked(answered, answer, || connection.body(answered))?;
    Ok(took)
}
