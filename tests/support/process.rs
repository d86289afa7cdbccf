//! A child process that is ready when it says so, ends with its test, and keeps what it printed.

use std::{
    fs,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use super::canary;

/// Far above what any peer needs on a busy machine of two cores, so that only a hang reaches it.
const READY_MAX: Duration = Duration::from_secs(60);

/// No peer prints this much before it is ready; what comes after is only stored.
const LINES_MAX: usize = 1000;

/// A running child. Dropped, it is killed, and what it printed must hold no secret.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    id: u32,
    child: Child,
    stdin: Option<ChildStdin>,
    printed: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the command, writes `stdin` and leaves it open, and waits until a line of its output is what `ready` looks for.
    ///
    /// # Panics
    ///
    /// With everything that was printed, when the child ends or stays silent instead.
    pub(crate) async fn start<T>(
        name: &str,
        mut command: Command,
        stdin: &str,
        ready: impl Fn(&str) -> Option<T>,
    ) -> (Self, T) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let id = child.id().expect("it was started just now");
        let mut input = child.stdin.take().expect("stdin is piped");
        input.write_all(stdin.as_bytes()).await.unwrap_or_else(|error| panic!("{name} does not read: {error}"));
        let printed = Arc::<Mutex<String>>::default();
        let (sender, mut lines) = mpsc::channel(LINES_MAX);
        let readers = vec![
            read(child.stdout.take().expect("stdout is piped"), Arc::clone(&printed), sender.clone()),
            read(child.stderr.take().expect("stderr is piped"), Arc::clone(&printed), sender),
        ];
        let process = Self { name: name.to_owned(), id, child, stdin: Some(input), printed, readers };
        let said = timeout(READY_MAX, async {
            while let Some(line) = lines.recv().await {
                if let Some(found) = ready(&line) {
                    return Some(found);
                }
            }
            None
        });
        match said.await {
            Ok(Some(found)) => (process, found),
            Ok(None) => panic!("{name} ended before it was ready:\n{}", process.printed()),
            Err(_) => panic!("{name} was not ready after {READY_MAX:?}:\n{}", process.printed()),
        }
    }

    /// The number of the child, for a signal of the test's own.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Everything on stdout and stderr until now.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().expect("no reader panics").clone()
    }

    /// Closes stdin, which ends those peers that wait for it.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Asks the child to end (SIGTERM), and waits.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(sent.success(), "{} could not be signalled", self.name);
        self.ended().await
    }

    /// Ends the child at once (SIGKILL), and waits.
    pub(crate) async fn kill(&mut self) -> ExitStatus {
        self.child.start_kill().unwrap_or_else(|error| panic!("cannot kill {}: {error}", self.name));
        self.ended().await
    }

    /// Waits until the child has ended and all that it printed is stored.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let status = timeout(READY_MAX, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("{} does not end:\n{}", self.name, self.printed()));
        for reader in self.readers.drain(..) {
            let _read_to_the_end = timeout(READY_MAX, reader).await;
        }
        status.unwrap_or_else(|error| panic!("{} cannot be waited for: {error}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("printed").join(std::process::id().to_string());
        let file = directory.join(format!("{}-{}.txt", self.name, self.id));
        // It is kept for who looks into a failure.
        if fs::create_dir_all(&directory).is_ok() {
            let _kept_or_not = fs::write(file, self.printed());
        }
        if !std::thread::panicking() {
            canary::assert_clean(&format!("the output of {}", self.name), self.printed().as_bytes());
        }
    }
}

/// Runs a command to its end with `stdin`, and returns what it printed to stdout.
///
/// # Panics
///
/// With all of its output, when it fails or takes longer than `limit`.
pub(crate) async fn output(name: &str, mut command: Command, stdin: &str, limit: Duration) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
    let mut input = child.stdin.take().expect("stdin is piped");
    let written = input.write_all(stdin.as_bytes()).await;
    drop(input);
    let output = timeout(limit, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("{name} takes longer than {limit:?}"));
    let output = output.unwrap_or_else(|error| panic!("{name} cannot be waited for: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && written.is_ok(), "{name} failed ({}):\n{out}\n{err}", output.status);
    out.into_owned()
}

#[expect(clippy::disallowed_methods, reason = "the reader ends with its child")]
fn read(
    stream: impl AsyncRead + Unpin + Send + 'static,
    printed: Arc<Mutex<String>>,
    lines: mpsc::Sender<String>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line).await, Ok(length) if length > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            printed.lock().expect("no reader panics").push_str(&text);
            // Nobody looks for the ready line any more once it was found.
            let _wanted_or_not = lines.try_send(text);
        }
    })
}
