//! The real program with a data directory of its own, started and killed again and again.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;
use tlog::VerifierKey;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::support::{issuer::AUDIENCE, ports::free_port, program};

/// Only a hang takes this long.
const READY_MAX: Duration = Duration::from_secs(60);

/// What every start has in common.
#[derive(Debug)]
pub(super) struct Home {
    folder: TempDir,
    public_url: String,
}

impl Home {
    /// Writes the configuration, and stores the credential for both upstreams.
    pub(super) fn new(issuer: &str, upstream: &str, credential: &str) -> Self {
        let upstreams = format!(
            r#"
                [[upstreams]]
                name = "tools"
                kind = "mcp"
                url = "{upstream}/mcp"
                era = "2026-07-28"
                addresses = "loopback"
                credential = {{ name = "tools-key", provider = "fixed", inject = {{ header = "Authorization", prefix = "Bearer " }} }}
                [[upstreams]]
                name = "api"
                kind = "http"
                url = "{upstream}/api"
                addresses = "loopback"
                credential = {{ name = "api-key", provider = "fixed", inject = {{ header = "X-Api-Key" }} }}
                operations = [{{ name = "items", methods = ["GET", "POST"], path = "/**" }}]
            "#
        );
        let home = Self::with_upstreams(issuer, &["tools:*", "api:*"], &upstreams);
        home.store("tools-key", "tools", credential);
        home.store("api-key", "api", credential);
        home
    }

    /// Writes the configuration of a broker of these upstreams, and of one agent, `crash`, that may do all that `scopes` say.
    pub(super) fn with_upstreams(issuer: &str, scopes: &[&str], upstreams: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("claviger-crash-").tempdir().expect("a temporary folder");
        let (calls, admin) = (free_port(), free_port());
        let public_url = format!("http://127.0.0.1:{calls}");
        let mut key = [0; 32];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut key).expect("random bytes");
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(folder.path().join("key"));
        file.expect("a new file").write_all(&key).expect("room for a key");
        let home = Self { folder, public_url };
        let policy = "permit (principal in Group::\"crash\", action, resource);";
        fs::write(home.path().join("policy.cedar"), policy).expect("room for a policy");
        let configuration = format!(
            r#"
                [server]
                public_url = "{url}"
                listen = "127.0.0.1:{calls}"
                data_directory = "data"
                [admin]
                listen = "127.0.0.1:{admin}"
                [vault]
                key = {{ key_file = "key" }}
                [policy]
                files = ["policy.cedar"]
                [[issuers]]
                name = "development"
                issuer = "{issuer}"
                audience = "{AUDIENCE}"
                algorithms = ["ES256"]
                addresses = "loopback"
                [[agents]]
                name = "crash"
                issuer = "development"
                claims = {{ sub = "crash" }}
                groups = ["crash"]
                scopes = {scopes:?}
                {upstreams}
            "#,
            url = home.public_url,
        );
        fs::write(home.configuration(), configuration).expect("room for a configuration");
        home
    }

    fn store(&self, name: &str, upstream: &str, credential: &str) {
        let mut command = Blocking::new(program::claviger());
        command.args(["secret", "set", name, "--upstream", upstream, "-c"]).arg(self.configuration());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        child.stdin.take().expect("it is piped").write_all(credential.as_bytes()).expect("it reads the credential");
        assert!(child.wait().expect("it was started").success(), "the credential of {upstream} was not stored");
    }

    /// Starts the broker; nothing says yet that it is ready.
    pub(super) fn spawn(&self) -> Starting {
        let mut command = Command::new(program::claviger());
        command.args(["serve", "-c"]).arg(self.configuration());
        // Starts and troubles: the load must not be about writing logs.
        command.env("CLAVIGER_LOG", "warn,claviger::command::serve=info");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let began = Instant::now();
        Starting { child: command.spawn().expect("the program starts"), began }
    }

    pub(super) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// What `claviger lease list` knows of, one object each.
    pub(super) fn leases(&self) -> Vec<Value> {
        let mut command = Blocking::new(program::claviger());
        let output = command.args(["lease", "list", "--json", "-c"]).arg(self.configuration()).output();
        let output = output.expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = std::str::from_utf8(&output.stdout).expect("it prints text").lines();
        lines.map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    /// The folder of the record.
    pub(super) fn record(&self) -> PathBuf {
        self.path().join("data/audit")
    }

    /// The public key of the record.
    pub(super) fn verifier(&self) -> VerifierKey {
        let text = fs::read_to_string(self.path().join("data/audit-verifier-key")).expect("it is there after a start");
        text.trim().parse().expect("a verifier key")
    }

    fn configuration(&self) -> PathBuf {
        self.path().join("claviger.toml")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A broker that starts.
#[derive(Debug)]
pub(super) struct Starting {
    child: Child,
    began: Instant,
}

impl Starting {
    /// Waits until it is ready, and says how long that took from the start of the process.
    ///
    /// # Panics
    ///
    /// With what it printed, when it ends instead.
    #[expect(clippy::disallowed_methods, reason = "the reader ends with its child")]
    pub(super) async fn ready(mut self) -> (Arc<Broker>, Duration) {
        let mut lines = BufReader::new(self.child.stderr.take().expect("it is piped")).lines();
        let said = async {
            let mut printed = String::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("\"message\":\"ready\"") {
                    return Ok(self.began.elapsed());
                }
                printed = printed + &line + "\n";
            }
            Err(printed)
        };
        let took = match timeout(READY_MAX, said).await {
            Ok(Ok(took)) => took,
            Ok(Err(printed)) => panic!("the broker ended before it was ready:\n{printed}"),
            Err(_) => panic!("the broker was not ready after {READY_MAX:?}"),
        };
        let printed = Arc::<Mutex<String>>::default();
        let log = Arc::clone(&printed);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                log.lock().push_str(&(line + "\n"));
            }
        });
        (Arc::new(Broker { child: Mutex::new(Some(self.child)), printed }), took)
    }

    /// Kills it before it is ready, or just after.
    pub(super) async fn kill(mut self) {
        self.child.start_kill().expect("it was started");
        self.child.wait().await.expect("it was started");
    }
}

/// A broker that runs.
#[derive(Debug)]
pub(super) struct Broker {
    child: Mutex<Option<Child>>,
    printed: Arc<Mutex<String>>,
}

impl Broker {
    /// `kill -9`, at once.
    pub(super) fn kill(&self) {
        if let Some(child) = self.child.lock().as_mut() {
            child.start_kill().expect("it was started, and nobody has waited for it");
        }
    }

    /// Waits until the process is gone, and gives what it logged.
    pub(super) async fn gone(&self) -> String {
        let child = self.child.lock().take();
        child.expect("a broker ends once").wait().await.expect("it was started");
        std::mem::take(&mut *self.printed.lock())
    }
}
