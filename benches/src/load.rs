//! Calls as fast as the answers come: what a proxy bears, and what a call costs when it has no time to rest.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::{
    Call, Failure,
    answers::{self, Answer},
    connection::{Answered, Connection, host},
};

/// Prints `calls=… seconds=…`.
pub(crate) async fn run(call: &Call, connections: usize) -> Result<(), Failure> {
    let (request, answer) = prepared(call)?;
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(&call.proxy).await?);
    }
    let began = Instant::now();
    let until = began + Duration::from_secs_f64(call.seconds);
    let calls =
        try_join_all(open.into_iter().map(|connection| until_then(connection, &request, answer, until))).await?;
    println!("calls={} seconds={:.6}", calls.into_iter().sum::<u64>(), began.elapsed().as_secs_f64());
    Ok(())
}

async fn until_then(
    mut connection: Connection,
    request: &[u8],
    answer: Answer,
    until: Instant,
) -> Result<u64, Failure> {
    let mut calls = 0;
    while Instant::now() < until {
        let answered = connection.call(request).await?;
        checked(answered, answer, || connection.body(answered))?;
        calls += 1;
    }
    Ok(calls)
}

/// The request, and what is to come back.
pub(crate) fn prepared(call: &Call) -> Result<(Vec<u8>, Answer), Failure> {
    let answer = Answer::of_path(&call.path).ok_or_else(|| Failure::of(&call.path, "no such answer"))?;
    let token = std::fs::read_to_string(&call.token).map_err(|error| Failure::of("the token", error))?;
    Ok((answers::request(&host(&call.proxy), &call.path, token.trim()), answer))
}

/// An answer that is not the whole one makes a measurement worthless.
pub(crate) fn checked(answered: Answered, answer: Answer, body: impl FnOnce() -> String) -> Result<(), Failure> {
    if answered.status == 200 && answered.end - answered.body_at >= answer.bytes_min() {
        return Ok(());
    }
    Err(Failure(format!(
        "an answer of status {} and {} bytes: {:.300}",
        answered.status,
        answered.end - answered.body_at,
        body()
    )))
}
