//! What a person types at a prompt: asked for on the terminal, and not shown there.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::support::{
    broker::{Broker, BrokerSetup},
    canary::{assert_clean, canary},
    peers::{or_skip, script},
    program::claviger,
};

/// A passphrase is stretched in between; only a hang takes this long.
const NEXT_MAX: Duration = Duration::from_secs(60);

/// How often the settings of the terminal are looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

#[tokio::test]
async fn a_passphrase_and_a_credential_are_asked_for_without_echo() {
    or_skip!(script().await);
    let secret = canary("credential");
    let setup = BrokerSetup::trusting("http://127.0.0.1:9").mcp("one", "http://127.0.0.1:9/mcp", "2026-07-28");
    let broker = Broker::prepare_empty(setup.bearer(&secret).vault("{ passphrase = \"prompt\" }"));
    let (right, wrong) = (canary("passphrase"), canary("wrong passphrase"));
    let home = broker.path("");

    let mut terminal = Terminal::open(&home, "secret set one-key --upstream one").await;
    terminal.answer("passphrase of the vault: ", &right).await;
    terminal.answer("credential one-key: ", &secret).await;
    let (code, shown) = terminal.end().await;
    assert!(code == Some(0) && shown.contains("stored one-key (generation 1)"), "{shown}");

    let mut terminal = Terminal::open(&home, "secret list").await;
    terminal.answer("passphrase of the vault: ", &right).await;
    let (code, shown) = terminal.end().await;
    assert!(code == Some(0) && shown.contains("one-key"), "{shown}");

    let mut terminal = Terminal::open(&home, "secret list").await;
    terminal.answer("passphrase of the vault: ", &wrong).await;
    let (code, shown) = terminal.end().await;
    assert!(code == Some(1) && shown.contains("the passphrase is wrong"), "{shown}");
    assert!(!shown.contains("one-key"), "{shown}");
}

/// A command of the program on a terminal of its own.
struct Terminal {
    child: Child,
    /// Its device, `/dev/pts/N`.
    device: String,
    shown: String,
}

impl Terminal {
    async fn open(folder: &Path, command: &str) -> Self {
        let mut script = Command::new("script");
        let command = format!("tty; exec {} {command}", claviger().display());
        script.args(["--quiet", "--return", "--command", &command, "/dev/null"]).current_dir(folder);
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let child = script.spawn().expect("script runs");
        let mut terminal = Self { child, device: String::new(), shown: String::new() };
        terminal.until(|shown| shown.contains('\n')).await;
        terminal.device = terminal.shown.lines().next().unwrap_or_default().to_owned();
        assert!(terminal.device.starts_with("/dev/"), "{}", terminal.shown);
        terminal
    }

    /// Waits for the question and until the terminal shows nothing of what is typed, then types.
    async fn answer(&mut self, question: &str, text: &str) {
        self.until(|shown| shown.ends_with(question)).await;
        let echo_is_off = async {
            loop {
                let stty = Command::new("stty").args(["-a", "-F", &self.device]).output().await.expect("stty runs");
                if String::from_utf8_lossy(&stty.stdout).split_whitespace().any(|setting| setting == "-echo") {
                    break;
                }
                sleep(LOOK_AGAIN).await;
            }
        };
        timeout(NEXT_MAX, echo_is_off).await.expect("a prompt shows nothing of what is typed");
        let stdin = self.child.stdin.as_mut().expect("stdin is piped");
        stdin.write_all(format!("{text}\n").as_bytes()).await.expect("script reads");
    }

    /// The code with which the command ends, and all that the terminal showed, which must hold no secret.
    async fn end(mut self) -> (Option<i32>, String) {
        while self.more().await {}
        let status = timeout(NEXT_MAX, self.child.wait()).await.expect("it ends").expect("it can be waited for");
        assert_clean("what a terminal showed", self.shown.as_bytes());
        (status.code(), std::mem::take(&mut self.shown))
    }

    async fn until(&mut self, is_as_wanted: impl Fn(&str) -> bool) {
        while !is_as_wanted(&self.shown) {
            assert!(self.more().await, "it ended after {:?}", self.shown);
        }
    }

    /// Reads on; whether there was more.
    async fn more(&mut self) -> bool {
        let mut piece = [0; 1024];
        let stdout = self.child.stdout.as_mut().expect("stdout is piped");
        let length = timeout(NEXT_MAX, stdout.read(&mut piece)).await.expect("more in time").expect("script writes");
        self.shown.push_str(&String::from_utf8_lossy(&piece[..length]));
        length > 0
    }
}
