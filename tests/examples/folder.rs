//! An example's folder as it stands in the repository, at work: with the outside world on loopback, and the commands of its README.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use tokio::process::Command;

use crate::support::{
    broker::Broker,
    canary,
    copied::copy,
    identity_provider::{IdentityProvider, Setup},
    peers::Node,
    ports::free_port,
    program::{claviger, run_command},
};

/// Where every example says that Claviger is, and where it listens there.
const PUBLIC_URL: &str = "https://claviger.example";
const LISTEN: &str = "0.0.0.0:8480";

/// A person types the passphrase on a terminal; here it comes from a file. `serve` takes the place of the shell, to be stopped by it.
const AT_THE_TERMINAL: &str = r#"
set -e
claviger() {
  case $1 in
    serve) exec "$CLAVIGER" "$@" < passphrase ;;
    secret) "$CLAVIGER" "$@" < passphrase ;;
    *) "$CLAVIGER" "$@" ;;
  esac
}
"#;

/// A copy of the folder, and the broker that its README starts there.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) broker: Broker,
    readme: String,
    /// Further folders of programs.
    programs: Vec<PathBuf>,
    /// The steps that were run.
    done: BTreeSet<String>,
}

impl Example {
    /// Copies the folder, and gives Claviger an address of its own.
    pub(super) fn copy(name: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
        let home = tempfile::Builder::new().prefix("claviger-").tempdir().expect("a temporary folder");
        copy(&source, home.path());
        fs::write(home.path().join("passphrase"), canary::canary("passphrase")).expect("a test's folder");
        let readme = fs::read_to_string(source.join("README.md")).expect("an example has a README");
        let [listen, admin] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let public_url = format!("http://{listen}");
        let broker = Broker::of(home, public_url.clone(), format!("http://{admin}"));
        let example = Self { broker, readme, programs: Vec::new(), done: BTreeSet::new() };
        let example = example.outside(LISTEN, &listen).outside(PUBLIC_URL, &public_url);
        example.outside_after("data_directory = \"data\"", &format!("\n[admin]\nlisten = \"{admin}\""))
    }

    /// Puts the address of what stands in for a part of the outside world in place of the one in the configuration and in the
    /// commands. A line of the configuration that is nothing but the address of a server gets one after it that allows loopback.
    ///
    /// # Panics
    ///
    /// When neither has it.
    pub(super) fn outside(mut self, address: &str, actual: &str) -> Self {
        let config = self.config();
        assert!(config.contains(address) || self.readme.contains(address), "the example does not name {address}");
        let lines = config.lines().flat_map(|line| {
            let names_server = ["url", "issuer"].iter().any(|key| line.starts_with(&format!("{key} = \"{address}\"")));
            [Some(line.replace(address, actual)), names_server.then(|| "addresses = \"loopback\"".to_owned())]
        });
        let lines: Vec<_> = lines.flatten().collect();
        fs::write(self.path("claviger.toml"), lines.join("\n")).expect("a test's folder");
        self.readme = self.readme.replace(address, actual);
        self
    }

    /// The same for an address that the example leaves to the default: `added` comes after the one line of the configuration that is
    /// `after`.
    pub(super) fn outside_after(self, after: &str, added: &str) -> Self {
        let config = self.config();
        assert_eq!(config.lines().filter(|line| *line == after).count(), 1, "{after}");
        let changed = config.replace(&format!("\n{after}\n"), &format!("\n{after}\n{added}\n"));
        fs::write(self.path("claviger.toml"), changed).expect("a test's folder");
        self
    }

    /// Programs of this folder come before those of the machine.
    pub(super) fn with_programs(mut self, folder: &Path) -> Self {
        self.programs.push(folder.to_owned());
        self
    }

    /// An identity provider at which the agent has logged in: what it got is in `idp-token`.
    pub(super) async fn log_in(&self, node: &Node, agent: &str) -> IdentityProvider {
        let secret = canary::plain_canary("login of the agent");
        let audience = self.broker.public_url();
        let setup =
            Setup::default().client(agent, &secret, json!({})).resource(audience, json!({ "algorithm": "RS256" }));
        let provider = IdentityProvider::start(node, setup).await;
        let token = provider.token(agent, audience).await;
        canary::register("token of the identity provider", &token);
        fs::write(self.path("idp-token"), token).expect("a test's folder");
        provider
    }

    /// A file of the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.broker.path(name)
    }

    /// The configuration as it is now.
    pub(super) fn config(&self) -> String {
        fs::read_to_string(self.path("claviger.toml")).expect("an example has a configuration")
    }

    /// The blocks of this language in the step of the README that begins with these words.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub(super) fn block(&self, step: &str, language: &str) -> String {
        let (_, text) = self.readme.split_once(&format!("\n**{step}")).unwrap_or_else(|| panic!("no step {step}"));
        let text = text.split("\n**").next().unwrap_or_default();
        let begin = format!("```{language}\n");
        let blocks = text.split(begin.as_str()).skip(1);
        let blocks: Vec<_> = blocks.filter_map(|block| block.split("```").next()).collect();
        assert!(!blocks.is_empty(), "nothing to run in {step}");
        blocks.concat()
    }

    /// The commands of a step as text, to be run elsewhere.
    pub(super) fn commands_text(&mut self, step: &str) -> String {
        self.done.insert(step.to_owned());
        self.block(step, "sh")
    }

    /// The commands of a step, to be run in the folder with nothing else in the environment.
    pub(super) fn commands(&mut self, step: &str) -> Command {
        let mut command = Command::new("sh");
        let text = self.commands_text(step);
        command.args(["-c", &format!("{AT_THE_TERMINAL}{text}")]).current_dir(self.path(""));
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(self.programs.iter().cloned().chain(env::split_paths(&path)));
        command.env_clear().env("PATH", path.expect("folders of programs")).env("HOME", self.path(""));
        command.env("CLAVIGER", claviger());
        command
    }

    /// What the commands of a step print, which must hold no secret.
    ///
    /// # Panics
    ///
    /// With what they print, when one fails.
    pub(super) async fn run(&mut self, step: &str) -> String {
        let ran = run_command(self.commands(step), "").await;
        assert_eq!(ran.code, Some(0), "{step}\n{}\n{}\n{}", ran.stdout, ran.stderr, self.broker.printed());
        ran.stdout
    }

    /// Runs the step whose last command is `claviger serve`, and waits until Claviger is ready.
    pub(super) async fn serve(&mut self, step: &str) {
        let commands = self.commands(step);
        self.broker.serve_by(commands).await;
    }

    /// Stops Claviger; every command of the README was run, the record verifies, and nothing holds a secret.
    pub(super) async fn finish(self) {
        let steps = self.readme.split("\n**").filter(|step| step.contains("```sh\n"));
        let left: Vec<_> = steps.filter(|step| !self.done.iter().any(|done| step.starts_with(done))).collect();
        assert_eq!(left, Vec::<&str>::new());
        if let Ok(session) = fs::read_to_string(self.path("session-token")) {
            canary::register("session token", session.trim());
        }
        self.broker.finish().await;
    }
}
