//! An AWS account that moto plays, and scripts with the unmodified SDK for Python.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

use super::peers::{Missing, PythonOfAws, python_of_aws};

/// A running account, in which signatures and the policies of users and roles decide.
#[derive(Debug)]
pub(crate) struct AwsAccount {
    url: String,
    /// The key of the user `broker`, who may assume the role `agent`.
    broker: (String, String),
    python: PythonOfAws,
    /// Not a [`super::process::Process`]: what it prints is the key, which everything else is searched for.
    _moto: Child,
}

impl AwsAccount {
    pub(crate) async fn start() -> Result<Self, Missing> {
        Self::start_with(&[]).await
    }

    /// One with the role of `examples/aws-s3-agent`, which trusts this OpenID provider.
    pub(crate) async fn trusting(issuer: &str) -> Result<Self, Missing> {
        Self::start_with(&[issuer]).await
    }

    async fn start_with(arguments: &[&str]) -> Result<Self, Missing> {
        let python = python_of_aws()?;
        let mut command = python.script("account.py");
        command.arg("enforce").args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut moto = command.spawn().expect("Python runs");
        let mut line = String::new();
        let stdout = moto.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).await.expect("moto says where it is");
        let said: Value = serde_json::from_str(&line).expect("moto starts; its error stands above");
        let text = |member: &str| said[member].as_str().expect("a key").to_owned();
        let broker = (text("access_key_id"), text("secret_access_key"));
        Ok(Self { url: format!("http://127.0.0.1:{}", said["port"]), broker, python, _moto: moto })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What a process of the user `broker` has in its environment.
    pub(crate) fn environment(&self) -> [(&str, &str); 2] {
        [("AWS_ACCESS_KEY_ID", &self.broker.0), ("AWS_SECRET_ACCESS_KEY", &self.broker.1)]
    }

    /// What a script of an agent says, with this environment and nothing else.
    pub(crate) async fn agent(&self, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Value {
        let mut script = self.python.script(name);
        script.args(arguments).env_clear().envs(environment.iter().copied());
        let output = script.output().await.expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("the script says JSON")
    }
}
