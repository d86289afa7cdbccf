//! An AWS account that moto plays, and scripts with the unmodified SDK for Python.

use serde_json::Value;

use super::{
    peers::{Missing, PythonOfAws, python_of_aws},
    process::Process,
};

/// A running account, in which signatures and the policies of users and roles decide.
#[derive(Debug)]
pub(crate) struct AwsAccount {
    url: String,
    /// The key of the user `broker`, who may assume the role `agent`.
    broker: (String, String),
    python: PythonOfAws,
    _process: Process,
}

impl AwsAccount {
    pub(crate) async fn start() -> Result<Self, Missing> {
        let python = python_of_aws()?;
        let mut command = python.script("account.py");
        command.arg("enforce");
        let said = |line: &str| serde_json::from_str::<Value>(line).ok().filter(|said| said["port"].is_u64());
        let (process, said) = Process::start("moto", command, "", said).await;
        let text = |member: &str| said[member].as_str().expect("a key").to_owned();
        let broker = (text("access_key_id"), text("secret_access_key"));
        Ok(Self { url: format!("http://127.0.0.1:{}", said["port"]), broker, python, _process: process })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What a process of the user `broker` has in its environment.
    pub(crate) fn environment(&self) -> [(&str, &str); 2] {
        [("AWS_ACCESS_KEY_ID", &self.broker.0), ("AWS_SECRET_ACCESS_KEY", &self.broker.1)]
    }

    /// What a script of an agent says, with this environment and nothing else.
    pub(crate) async fn agent(&self, environment: &[(&str, &str)]) -> Value {
        let mut script = self.python.script("agent.py");
        script.arg(&self.url).env_clear().envs(environment.iter().copied());
        let output = script.output().await.expect("Python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("the script says JSON")
    }
}
