//! An AWS account that moto plays, and the unmodified SDK for Python in front of it.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// A running account. It ends with this value, or with the process.
#[derive(Debug)]
pub(crate) struct Account {
    /// moto's address.
    pub(crate) address: String,
    /// The key of the user `broker`, who may assume roles.
    pub(crate) broker: (String, String),
    process: Child,
}

impl Account {
    /// An account in which signatures and the policies of users and roles decide.
    pub(crate) fn strict() -> Self {
        Self::start(&["enforce"])
    }

    /// An account that lets everything pass: moto cannot read a request that is not signed otherwise.
    pub(crate) fn lax() -> Self {
        Self::start(&[])
    }

    fn start(arguments: &[&str]) -> Self {
        let mut python = python("account.py");
        let mut process = python.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("moto starts; its error stands above");
        let text = |member: &str| said[member].as_str().unwrap().to_owned();
        let broker = (text("access_key_id"), text("secret_access_key"));
        Self { address: format!("127.0.0.1:{}", said["port"]), broker, process }
    }

    /// What comes of some calls of boto3 with a key.
    pub(crate) fn use_key(&self, access_key_id: &str, secret_access_key: &str, session_token: &str) -> Value {
        let mut python = python("use_key.py");
        python.arg(format!("http://{}", self.address)).env("AWS_DEFAULT_REGION", "eu-central-1");
        python.env("AWS_ACCESS_KEY_ID", access_key_id).env("AWS_SECRET_ACCESS_KEY", secret_access_key);
        let output = python.env("AWS_SESSION_TOKEN", session_token).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // It ends by itself when its standard input does; waiting leaves no process behind.
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}

/// Runs a script of `tests/peers/aws`.
fn python(script: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    #[expect(clippy::disallowed_methods, reason = "`cargo xtask test` says where the peers are")]
    let peers = env::var("CLAVIGER_PEERS").map_or_else(|_| root.join("target/peers"), PathBuf::from);
    let program = peers.join("aws/venv/bin/python");
    assert!(program.is_file(), "{} is not installed: run `cargo xtask peers`", program.display());
    let mut python = Command::new(program);
    python.args(["-W", "ignore"]).arg(root.join("tests/peers/aws").join(script));
    python
}
