//! How fast each text is looked through, in time of this thread, which neighbors on the machine disturb least.

use std::{error::Error, hint::black_box, time::Duration};

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};

use crate::{
    looks::{self, Look, Scanner},
    texts::Text,
};

const LENGTHS: [usize; 4] = [2 << 10, 64 << 10, 1 << 20, 64 << 20];
/// Instructions are counted on a body that is long enough for what is done once not to count.
const COUNTED_BYTES: usize = 64 << 10;
/// So long is measured that the clock's own cost does not show.
const MEASURED_MIN: Duration = Duration::from_millis(4);

/// Prints a line for each text, length and look.
pub(crate) fn measure(bytes_max: usize) -> Result<(), Box<dyn Error>> {
    let scanner = Scanner::new()?;
    let mut copied = looks::copied();
    for text in Text::ALL {
        for bytes in LENGTHS.into_iter().filter(|bytes| *bytes <= bytes_max) {
            let body = text.write(bytes);
            for look in Look::ALL {
                let seconds = seconds(|| measured(&scanner, look, text, &body, &mut copied));
                println!("text={} bytes={bytes} look={} seconds={seconds:e}", text.name(), look.name());
            }
        }
    }
    Ok(())
}

/// Prints a line for each text and look, in the order in which they are measured. A tool that dumps its counts whenever `measured` or
/// `settled` is called finds what counts in every second dump.
pub(crate) fn count() -> Result<(), Box<dyn Error>> {
    let scanner = Scanner::new()?;
    let mut copied = looks::copied();
    for text in Text::ALL {
        let body = text.write(COUNTED_BYTES);
        for look in Look::ALL {
            // What is made at the first look is not counted.
            scanner.look(look, text, &body, &mut copied);
            measured(&scanner, look, text, &body, &mut copied);
            settled();
            println!("text={} bytes={COUNTED_BYTES} look={}", text.name(), look.name());
        }
    }
    Ok(())
}

/// Looks through a text for one thing, and prints the line of it.
pub(crate) fn again(text: Text, bytes: usize, look: &str, times: u32) -> Result<(), Box<dyn Error>> {
    let look = Look::ALL.into_iter().find(|known| known.name() == look).ok_or("there is no such thing to look for")?;
    let (scanner, mut copied, body) = (Scanner::new()?, looks::copied(), text.write(bytes));
    let began = thread_time();
    (0..times).for_each(|_| measured(&scanner, look, text, &body, &mut copied));
    let seconds = thread_time().saturating_sub(began).as_secs_f64() / f64::from(times);
    println!("text={} bytes={bytes} look={} seconds={seconds:e}", text.name(), look.name());
    Ok(())
}

/// Where a tool begins to count.
#[inline(never)]
fn measured(scanner: &Scanner, look: Look, text: Text, body: &Bytes, copied: &mut Vec<u8>) {
    scanner.look(look, text, black_box(body), copied);
}

/// Where it ends.
#[inline(never)]
fn settled() {
    black_box(());
}

/// The mean of one call, after one that is not measured.
fn seconds(mut call: impl FnMut()) -> f64 {
    call();
    let (mut calls, began) = (0_u32, thread_time());
    loop {
        let more = calls.max(1);
        (0..more).for_each(|_| call());
        calls += more;
        let took = thread_time().saturating_sub(began);
        if took >= MEASURED_MIN {
            return took.as_secs_f64() / f64::from(calls);
        }
    }
}

/// How long this thread has run.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
