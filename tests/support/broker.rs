//! A running `claviger serve`: the real program with a configuration of the test's, on loopback.

mod client;
mod setup;

use std::{fs, path::PathBuf, process::ExitStatus, time::Duration};

use http::{HeaderMap, Method};
use serde_json::Value;
use tempfile::TempDir;
use tlog::{Reader, VerifierKey};
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

pub(crate) use self::{
    client::{bearer, exchange_form, headers, modern_body, modern_headers, register_session},
    setup::BrokerSetup,
};
use super::{
    canary, http_client,
    process::Process,
    program::{self, Ran},
};

/// The configuration's name in the broker's folder.
const CONFIG: &str = "claviger.toml";

/// How often something is looked at that comes from another process without saying so.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Only what never comes takes this long.
const APPEAR_MAX: Duration = Duration::from_secs(30);

/// A running broker. [`Broker::finish`] ends its test: it stops, its record verifies, and nothing of it holds a secret.
#[derive(Debug)]
pub(crate) struct Broker {
    home: TempDir,
    public_url: String,
    admin_url: String,
    /// The first runs have their output here once they have ended.
    process: Option<Process>,
    printed: String,
}

impl Broker {
    /// Writes the files, stores the credentials by `claviger secret set`, starts `claviger serve`, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// With all that was printed, when anything of it fails.
    pub(crate) async fn start(setup: BrokerSetup) -> Self {
        let mut broker = Self::prepare(setup).await;
        broker.serve().await;
        broker
    }

    /// Everything but `serve`.
    pub(crate) async fn prepare(setup: BrokerSetup) -> Self {
        let (broker, secrets) = Self::write(setup);
        for (upstream, name, secret) in secrets {
            broker.store(&name, &upstream, &secret).await;
        }
        broker
    }

    /// Only the files: what is in the vault is up to the test.
    pub(crate) fn prepare_empty(setup: BrokerSetup) -> Self {
        Self::write(setup).0
    }

    fn write(setup: BrokerSetup) -> (Self, Vec<(String, String, String)>) {
        let home = tempfile::Builder::new().prefix("claviger-").tempdir().expect("a temporary folder");
        let (public_url, admin_url) = (setup.public_url(), setup.admin_url());
        let secrets = setup.write(home.path(), CONFIG);
        (Self { home, public_url, admin_url, process: None, printed: String::new() }, secrets)
    }

    /// A broker whose `claviger.toml` stands in this folder, with the addresses that it has there.
    pub(crate) fn of(home: TempDir, public_url: String, admin_url: String) -> Self {
        Self { home, public_url, admin_url, process: None, printed: String::new() }
    }

    /// Stores a credential, as an operator does.
    pub(crate) async fn store(&self, name: &str, upstream: &str, secret: &str) {
        let ran = self.command(&["secret", "set", name, "--upstream", upstream, "-c", CONFIG], secret).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    /// Starts `serve` and waits until it is ready.
    pub(crate) async fn serve(&mut self) {
        self.serve_as(Command::new(program::claviger())).await;
    }

    /// Starts `serve` by a command that ends in the program, such as a shell that limits it first.
    pub(crate) async fn serve_as(&mut self, mut command: Command) {
        command.args(["serve", "-c", CONFIG]);
        self.serve_by(command).await;
    }

    /// Starts `serve` by a command that says so itself.
    pub(crate) async fn serve_by(&mut self, mut command: Command) {
        command.current_dir(self.home.path());
        // Everything that the program can be made to say is searched for secrets.
        command.env("CLAVIGER_LOG", "debug,hyper=trace,hyper_util=debug,rustls=debug");
        let ready = |line: &str| {
            let event: Value = serde_json::from_str(line).ok()?;
            (event["message"] == "ready").then_some(())
        };
        let (process, ()) = Process::start("claviger", command, "", ready).await;
        self.process = Some(process);
    }

    /// Runs another command in the broker's folder.
    pub(crate) async fn command(&self, arguments: &[&str], stdin: &str) -> Ran {
        program::run(self.home.path(), arguments, stdin).await
    }

    /// Where agents find it, `http://127.0.0.1:PORT`.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// A page of the operator's listener.
    pub(crate) fn admin_url(&self, path: &str) -> String {
        format!("{}{path}", self.admin_url)
    }

    /// Where agents find an MCP upstream.
    pub(crate) fn mcp_url(&self, upstream: &str) -> String {
        format!("{}/mcp/{upstream}", self.public_url)
    }

    /// Where agents find a path of a plain HTTP upstream.
    pub(crate) fn http_url(&self, upstream: &str, path: &str) -> String {
        format!("{}/http/{upstream}{path}", self.public_url)
    }

    /// A file or folder of the broker.
    pub(crate) fn path(&self, below_home: &str) -> PathBuf {
        self.home.path().join(below_home)
    }

    /// The process, for a signal of the test's own.
    pub(crate) fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the broker runs")
    }

    /// All that it printed, over all its runs.
    pub(crate) fn printed(&self) -> String {
        let now = self.process.as_ref().map(Process::printed).unwrap_or_default();
        format!("{}{now}", self.printed)
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Panics
    ///
    /// When it does not end well.
    pub(crate) async fn stop(&mut self) {
        let status = self.process().terminate().await;
        assert_eq!(status.code(), Some(0), "{}", self.printed());
        self.ended();
    }

    /// Waits until it has stopped, which the test has asked it to do.
    ///
    /// # Panics
    ///
    /// When it does not end well.
    pub(crate) async fn has_stopped(&mut self) {
        let status = self.process().ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.printed());
        self.ended();
    }

    /// Ends it at once, as a crash does.
    pub(crate) async fn kill(&mut self) -> ExitStatus {
        let status = self.process().kill().await;
        self.ended();
        status
    }

    /// Tells it to read the stored credentials again, and waits until it has.
    pub(crate) async fn hang_up(&mut self) {
        let before = self.printed().matches("were read again").count();
        let id = self.process().id().to_string();
        let sent = Command::new("kill").args(["-HUP", &id]).status().await.expect("kill runs");
        assert!(sent.success());
        self.wait_until(|printed| printed.matches("were read again").count() > before).await;
    }

    /// Waits until what it printed is as wanted.
    ///
    /// # Panics
    ///
    /// With what it printed, when that does not come.
    pub(crate) async fn wait_until(&self, is_as_wanted: impl Fn(&str) -> bool) {
        self.wait_until_async(async || is_as_wanted(&self.printed())).await;
    }

    /// As [`Broker::wait_until`], for what must be asked.
    pub(crate) async fn wait_until_async(&self, is_as_wanted: impl AsyncFn() -> bool) {
        let comes = async {
            while !is_as_wanted().await {
                sleep(LOOK_AGAIN).await;
            }
        };
        assert!(timeout(APPEAR_MAX, comes).await.is_ok(), "{}", self.printed());
    }

    fn ended(&mut self) {
        self.printed = self.printed();
        self.process = None;
    }

    /// Stops and starts it with the same files.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.serve().await;
    }

    /// The text of `/metrics`.
    pub(crate) async fn metrics(&self) -> String {
        let answer = http_client::send(Method::GET, &self.admin_url("/metrics"), HeaderMap::new(), "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        canary::assert_clean("the metrics", &answer.body);
        String::from_utf8(answer.body.to_vec()).expect("metrics are text")
    }

    /// Every entry of the record, in order.
    pub(crate) fn records(&self) -> Vec<Value> {
        let key = fs::read_to_string(self.path("data/audit-verifier-key")).expect("the broker publishes its key");
        let key: VerifierKey = key.trim().parse().expect("a verifier key");
        let reader = Reader::open(&self.path("data/audit"), &key).expect("a record");
        let entries = reader.entries(0).map(|entry| entry.expect("an entry").bytes);
        entries.map(|bytes| serde_json::from_slice(&bytes).expect("an entry is JSON")).collect()
    }

    /// The entries of one kind.
    pub(crate) fn records_of(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|entry| entry["kind"] == kind).collect()
    }

    /// What `claviger audit verify` says.
    pub(crate) async fn audit_verify(&self) -> Ran {
        self.command(&["audit", "verify", "--json", "-c", CONFIG], "").await
    }

    /// Stops it; its record must verify, and neither its files nor anything that it printed may hold a secret.
    pub(crate) async fn finish(mut self) {
        if self.process.is_some() {
            self.metrics().await;
            self.stop().await;
        }
        let verified = self.audit_verify().await;
        assert_eq!(verified.code, Some(0), "{verified:?}");
        assert!(verified.stdout.contains(r#""outcome":"intact""#), "{verified:?}");
        canary::assert_clean("the broker's output", self.printed().as_bytes());
        let (leaks, files) = canary::leaks_below(&self.path("data"));
        canary::assert_none(&leaks);
        assert!(files >= 4, "only {files} files were searched");
    }
}
