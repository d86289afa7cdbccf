//! The parts around a measured proxy: an upstream, a development issuer, a load generator. `cargo xtask bench` runs them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what is printed is read by `cargo xtask bench`")]

mod answers;
mod connection;
mod first;
mod issuer;
mod load;
mod pace;
mod session;
mod upstream;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// An MCP server that gives fixed answers; prints where it listens
    Upstream,
    /// An issuer; prints where its keys are and a token for `audience`, and lays a certificate for localhost into a folder
    Issuer { audience: String, folder: PathBuf },
    /// Exchanges the token on standard input for a session token, and prints that
    Session(Proxy),
    /// Exchanges the token on standard input for one session after another, and times the first and the second call of each
    First {
        #[command(flatten)]
        proxy: Proxy,
        /// The path of the requests
        #[arg(long)]
        path: String,
        #[arg(long)]
        sessions: usize,
    },
    /// Calls as fast as the answers come, on several connections
    Load {
        #[command(flatten)]
        call: Call,
        #[arg(long)]
        connections: usize,
    },
    /// Calls at a fixed rate, one call at a time
    Pace {
        #[command(flatten)]
        call: Call,
        #[arg(long)]
        calls_per_second: u32,
    },
}

/// Where something listens.
#[derive(Debug, clap::Args)]
struct Proxy {
    address: SocketAddr,
    /// The certificate that it must have; without one the connection is plain
    #[arg(long)]
    certificate: Option<PathBuf>,
}

/// What is called, for how long.
#[derive(Debug, clap::Args)]
struct Call {
    #[command(flatten)]
    proxy: Proxy,
    /// The path of the request
    #[arg(long)]
    path: String,
    /// A file that holds the session token
    #[arg(long)]
    token: PathBuf,
    #[arg(long)]
    seconds: f64,
}

/// Why a part cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

impl Failure {
    fn of(what: &str, why: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Arguments::parse().part {
        Part::Upstream => upstream::run().await,
        Part::Issuer { audience, folder } => issuer::run(&audience, &folder).await,
        Part::Session(proxy) => session::run(&proxy).await,
        Part::First { proxy, path, sessions } => first::run(&proxy, &path, sessions).await,
        Part::Load { call, connections } => load::run(&call, connections).await,
        Part::Pace { call, calls_per_second } => pace::run(&call, calls_per_second),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
