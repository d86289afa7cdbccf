//! Ports for programs that must know theirs before they start.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the range from which the operating system gives ports to connections and to listeners on port 0: what is free here stays
/// free until it is bound, also across a restart.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A loopback port that nobody listens on and that no other call in this process returns.
///
/// # Panics
///
/// When none is free.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test binaries that run at the same time begin at different places.
    let begin = std::process::id().wrapping_mul(197);
    for _ in 0..COUNT {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed)).wrapping_add(begin) % u32::from(COUNT);
        let port = FIRST + u16::try_from(step).expect("less than the count");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
