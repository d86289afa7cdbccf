//! Calls at a fixed rate, one at a time: how long a call takes when nothing waits.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Call, Failure,
    connection::whole,
    load::{checked, prepared},
};

/// Calls before the clock counts: the first ones open connections and fill caches.
const WARM_UP_CALLS: usize = 50;

/// Prints `p50_us=… p99_us=… late=…`; a call is late when the one before it took longer than the rate allows.
pub(crate) fn run(call: &Call, calls_per_second: u32) -> Result<(), Failure> {
    let broken = |error| Failure::of("a connection broke", error);
    let (request, answer) = prepared(call)?;
    #[expect(clippy::disallowed_methods, reason = "a load generator opens connections, and ships with nothing")]
    let mut stream = TcpStream::connect(call.proxy.address).map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    let mut buffer = vec![0; 256 * 1024];
    let every = Duration::from_secs(1) / calls_per_second;
    let (mut took, mut late) = (Vec::new(), 0_u32);
    let mut due = Instant::now();
    let until = due + Duration::from_secs_f64(call.seconds);
    for count in 0.. {
        due += every;
        match due.checked_duration_since(Instant::now()) {
            Some(wait) => thread::sleep(wait),
            None => late += 1,
        }
        let sent = Instant::now();
        if sent > until {
            break;
        }
        stream.write_all(&request).map_err(broken)?;
        let mut filled = 0;
        let answered = loop {
            let read = stream.read(buffer.get_mut(filled..).unwrap_or_default()).map_err(broken)?;
            if read == 0 {
                return Err(Failure::of("a connection broke", "no whole answer"));
            }
            filled += read;
            if let Some(answered) = whole(buffer.get(..filled).unwrap_or_default()) {
                break answered;
            }
        };
        if count >= WARM_UP_CALLS {
            took.push(sent.elapsed());
        }
        checked(answered, answer, || String::from_utf8_lossy(&buffer).into_owned())?;
    }
    let (p50, p99) = percentiles(&mut took);
    println!("p50_us={p50:.1} p99_us={p99:.1} late={late}");
    Ok(())
}

/// The 50th and the 99th of a hundred, in microseconds.
pub(crate) fn percentiles(took: &mut [Duration]) -> (f64, f64) {
    took.sort_unstable();
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).map_or(0.0, |took| took.as_secs_f64() * 1e6);
    (at(0.5), at(0.99))
}
