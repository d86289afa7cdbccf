//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    command::{self, scan::ScanArguments},
    demo,
    output::Failure,
};

/// A credential broker and token service for AI agents: they use credentials and never hold them
#[derive(Debug, Parser)]
#[command(name = "claviger", version, about, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole story on this machine, step by step: an identity provider, an upstream, the broker and one agent
    Demo {
        /// Exit when the story is told, instead of staying up to be played with
        #[arg(long)]
        once: bool,
    },
    /// Write a commented configuration to begin with
    Init {
        /// The folder to write to
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Run the broker
    Serve(Configured),
    /// Check the configuration, the policies, and that issuers and upstreams can be reached
    Check {
        #[command(flatten)]
        configured: Configured,
        /// Read the files only; connect to nothing
        #[arg(long)]
        offline: bool,
    },
    /// Store, list and remove upstream credentials; nothing shows one again
    #[command(subcommand)]
    Secret(SecretCommand),
    /// What was minted and is not yet gone from its source
    #[command(subcommand)]
    Lease(LeaseCommand),
    /// Exchange a token for a session token, look at one, end one
    #[command(subcommand)]
    Token(TokenCommand),
    /// Find credentials and personal data in a file, as the gateway does in answers
    ///
    /// Exit codes: 0 nothing found, 1 could not run, 3 something found.
    Scan(ScanArguments),
    /// Verify the record, and see what was found in traffic
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// What every command that needs the configuration takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Configured {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = "claviger.toml")]
    pub(crate) config: PathBuf,
}

/// Who a stored credential is for
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SecretHolder {
    /// The upstream whose calls carry it
    #[arg(long)]
    pub(crate) upstream: Option<String>,
    /// The provider that needs it to mint credentials
    #[arg(long)]
    pub(crate) provider: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Store a credential: asks for it, or reads it from standard input or a descriptor; never from the command line
    Set {
        /// The credential's name, as the configuration has it
        name: String,
        #[command(flatten)]
        holder: SecretHolder,
        /// Read the value from this file descriptor
        #[arg(long, value_name = "N")]
        file_descriptor: Option<u32>,
        #[command(flatten)]
        configured: Configured,
    },
    /// Names, upstreams and ages; never a value
    List {
        /// JSON, for programs
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        configured: Configured,
    },
    /// Remove a credential
    Rm {
        /// The credential's name
        name: String,
        #[command(flatten)]
        configured: Configured,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LeaseCommand {
    /// Each minted credential by its ids at its source, oldest first; never a value. What is irrevocable must be ended there by hand
    List {
        /// JSON, for programs
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        configured: Configured,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Exchange a token of your identity provider, read from standard input, for a session token, printed alone on standard output
    Exchange {
        /// Where the broker is
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8480")]
        broker: String,
        /// An upstream to ask for; all that are allowed without one
        #[arg(long)]
        audience: Vec<String>,
        /// A scope to ask for, such as github:create_issue
        #[arg(long)]
        scope: Vec<String>,
    },
    /// Show what a token on standard input says, without verifying it
    Show,
    /// End the session of the token on standard input
    Revoke {
        /// Where the broker is
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8480")]
        broker: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// What was found in calls and answers, by day, upstream and class
    Findings {
        /// The first day to look at, such as 2026-11-01; everything without it
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
        /// One JSON object for each row, for programs
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        configured: Configured,
    },
    /// Find any edited, missing or reordered record, and say where
    ///
    /// Exit codes: 0 intact, 1 could not run, 3 tampered with.
    Verify {
        /// The folder of the record; the configuration's data directory without one
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
        /// The verifier key, in a file that was kept elsewhere; the one beside the record without it
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// A checkpoint that was kept elsewhere: finds a cut tail, and a record that was rolled back or replaced whole
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// JSON, for programs
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        configured: Configured,
    },
}

impl Arguments {
    pub(crate) fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Demo { once } => demo::run(once),
            Command::Init { folder } => command::init::run(&folder),
            Command::Serve(configured) => command::serve::run(&configured.config),
            Command::Check { configured, offline } => command::check::run(&configured.config, offline),
            Command::Secret(secret) => command::secret::run(secret),
            Command::Lease(LeaseCommand::List { json, configured }) => command::lease::list(&configured.config, json),
            Command::Token(token) => command::token::run(token),
            Command::Scan(scan) => return command::scan::run(&scan),
            Command::Audit(AuditCommand::Findings { since, json, configured }) => {
                command::findings::run(&configured.config, since.as_deref(), json)
            }
            Command::Audit(AuditCommand::Verify { folder, key, against, json, configured }) => {
                return command::audit::verify(
                    folder.as_deref(),
                    key.as_deref(),
                    against.as_deref(),
                    json,
                    &configured.config,
                );
            }
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => Failure::report(&failure),
        }
    }
}
