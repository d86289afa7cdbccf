//! A real OpenBao in development mode: started on a free port, asked as its root, ended with the process of the tests.
//!
//! It needs nothing else of this folder but `ports`, because the tests of the Vault provider use it too.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::Value;

use super::ports::free_port;

/// Far above what it needs on a busy machine of two cores, so that only a hang reaches it.
const READY_MAX: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Ends the server when the pipe closes, which the operating system does for every way in which the tests can end; `$0` is its
/// folder.
const UNTIL_STDIN_CLOSES: &str = r#""$@" </dev/null & server=$!; cat >/dev/null; kill "$server"; wait; rm -rf "$0""#;

/// A running server.
#[derive(Debug)]
pub(crate) struct OpenBao {
    address: String,
    root_token: String,
    home: PathBuf,
    _process: Child,
}

impl OpenBao {
    /// Starts one, with further arguments, and waits until it is up.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not come up.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let (address, root_token) = (format!("127.0.0.1:{}", two_free_ports()), random());
        let home = tempfile::Builder::new().prefix("openbao-").tempdir().expect("a temporary folder").keep();
        let log = fs::File::create(home.join("log")).expect("a file");
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_STDIN_CLOSES]).arg(&home).arg(program()).args([
            "server",
            "-dev",
            "-dev-no-store-token",
        ]);
        command.arg(format!("-dev-listen-address={address}")).args(arguments);
        command.env("BAO_DEV_ROOT_TOKEN_ID", &root_token).env("HOME", &home);
        command.stdin(Stdio::piped()).stdout(log.try_clone().expect("a file")).stderr(log);
        let process = command.spawn().expect("a shell");
        let server = Self { address, root_token, home, _process: process };
        server.wait_until_it_is_up();
        server
    }

    /// Its URL, without TLS.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token that may do everything.
    pub(crate) fn root_token(&self) -> &str {
        &self.root_token
    }

    /// What opens it after it was sealed.
    pub(crate) fn unseal_key(&self) -> String {
        let printed = self.printed();
        let line = printed.lines().find_map(|line| line.strip_prefix("Unseal Key: "));
        line.expect("development mode prints it").trim().to_owned()
    }

    /// Asks as root, and expects that it is done.
    ///
    /// # Panics
    ///
    /// With the answer, when it is not.
    pub(crate) fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Asks as root. A namespace stands at the beginning of the path.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.ask_with("", method, path, body)
    }

    /// Asks as root, with further header fields, each of which ends its line.
    pub(crate) fn ask_with(&self, fields: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = format!("{method} /v1/{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        write!(request, "x-vault-token: {}\r\n{fields}content-length: {}\r\n\r\n{body}", self.root_token, body.len())
            .expect("a string takes it");
        let mut answer = String::new();
        let mut stream = connect(&self.address).expect("it is up");
        stream.write_all(request.as_bytes()).expect("it reads");
        stream.read_to_string(&mut answer).expect("it answers in UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.into()
        };
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    fn wait_until_it_is_up(&self) {
        let begin = Instant::now();
        while connect(&self.address).is_err() || !self.printed().contains("server started!") {
            assert!(begin.elapsed() < READY_MAX, "OpenBao does not come up:\n{}", self.printed());
            sleep(LOOK_AGAIN);
        }
    }

    fn printed(&self) -> String {
        fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }
}

/// The first of two neighbors: the server takes the second for its cluster.
fn two_free_ports() -> u16 {
    loop {
        let (first, second) = (free_port(), free_port());
        if first + 1 == second {
            return first;
        }
    }
}

fn program() -> PathBuf {
    let peers = env::var_os("CLAVIGER_PEERS").map(PathBuf::from).or_else(|| {
        let below = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("target/peers"));
        below.into_iter().find(|peers| peers.is_dir())
    });
    let program = peers.unwrap_or_default().join("openbao/venv/bin/bao");
    assert!(program.is_file(), "OpenBao is not installed: run `cargo xtask peers`");
    program
}

#[expect(clippy::disallowed_methods, reason = "a test asks the server that it started")]
fn connect(address: &str) -> std::io::Result<TcpStream> {
    TcpStream::connect(address)
}

/// The data of chunks (RFC 9112, section 7.1).
fn unchunked(mut rest: &str) -> String {
    let mut data = String::new();
    while let Some((length, chunk)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).expect("the length of a chunk");
        let (chunk, after) = chunk.split_at(length);
        data.push_str(chunk);
        rest = after.strip_prefix("\r\n").unwrap_or(after);
    }
    data
}

fn random() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("random bytes");
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
