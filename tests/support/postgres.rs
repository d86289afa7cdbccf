//! A real PostgreSQL: a cluster of its own on a free port, where passwords are checked, ended with the process of the tests.
//!
//! It needs nothing else of this folder but `ports`, because the tests of the Vault provider use it too.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use ring::rand::{SecureRandom as _, SystemRandom};

use super::ports::free_port;

/// Far above what it needs on a busy machine of two cores, so that only a hang reaches it.
const READY_MAX: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Its superuser.
const OWNER: &str = "owner";

/// Ends the server when the pipe closes, which the operating system does for every way in which the tests can end; `$0` is its
/// folder.
const UNTIL_STDIN_CLOSES: &str =
    r#""$@" </dev/null & server=$!; cat >/dev/null; kill -QUIT "$server"; wait; rm -rf "$0""#;

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    port: u16,
    password: String,
    programs: PathBuf,
    home: PathBuf,
    _process: Child,
}

impl Postgres {
    /// Starts one, and waits until it is up.
    ///
    /// # Panics
    ///
    /// When it is not installed, or does not come up.
    pub(crate) fn start() -> Self {
        let programs = programs().unwrap_or_else(|why| panic!("{why}"));
        let home = tempfile::Builder::new().prefix("postgres-").tempdir().expect("a temporary folder").keep();
        let (port, password) = (free_port(), random());
        let (data, password_file) = (home.join("data"), home.join("password"));
        fs::write(&password_file, &password).expect("a file");
        give_to_nobody(&home);
        let mut init = as_nobody(&programs.join("initdb"));
        init.args(["--no-sync", "--auth=scram-sha-256", "--username", OWNER, "--pwfile"]).arg(&password_file);
        let output = init.arg("-D").arg(&data).current_dir(&home).output().expect("it runs");
        assert!(output.status.success(), "{}", said(&output));
        let server = as_nobody(&programs.join("postgres"));
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_STDIN_CLOSES]).arg(&home).arg(server.get_program()).args(server.get_args());
        command.arg("-D").arg(&data).args([
            "-p",
            &port.to_string(),
            "-c",
            "fsync=off",
            "-c",
            "listen_addresses=127.0.0.1",
        ]);
        command.arg("-c").arg(format!("unix_socket_directories={}", home.display())).current_dir(&home);
        let log = fs::File::create(home.join("log")).expect("a file");
        command.stdin(Stdio::piped()).stdout(log.try_clone().expect("a file")).stderr(log);
        let process = command.spawn().expect("a shell");
        let server = Self { port, password, programs, home, _process: process };
        server.wait_until_it_is_up();
        server
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its superuser and that one's password.
    pub(crate) fn owner(&self) -> (&str, &str) {
        (OWNER, &self.password)
    }

    /// Runs SQL as its superuser, and returns the rows, one a line.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub(crate) fn query(&self, sql: &str) -> String {
        let output = self.psql(OWNER, &self.password, sql);
        assert!(output.status.success(), "{sql}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs SQL as a user; `None` where the user cannot log in, or may not.
    pub(crate) fn query_as(&self, user: &str, password: &str, sql: &str) -> Option<String> {
        let output = self.psql(user, password, sql);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Whether it knows a user.
    pub(crate) fn knows(&self, user: &str) -> bool {
        self.query(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{user}'")) == "1"
    }

    fn psql(&self, user: &str, password: &str, sql: &str) -> Output {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", user, "-d", "postgres", "-Atqwc", sql]);
        command.env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "30").output().expect("it runs")
    }

    fn wait_until_it_is_up(&self) {
        let begin = Instant::now();
        while self.query_as(OWNER, &self.password, "SELECT 1").is_none() {
            let printed = || fs::read_to_string(self.home.join("log")).unwrap_or_default();
            assert!(begin.elapsed() < READY_MAX, "PostgreSQL does not come up:\n{}", printed());
            sleep(LOOK_AGAIN);
        }
    }
}

/// The folder of its programs.
///
/// # Errors
///
/// What to install, when they are not on this machine.
pub(crate) fn programs() -> Result<PathBuf, String> {
    let output = Command::new("pg_config").arg("--bindir").output();
    let folder = output.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())).unwrap_or_default();
    if ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file()) {
        return Ok(folder);
    }
    Err("PostgreSQL is not installed (on Debian, the packages `postgresql` and `libpq-dev`)".to_owned())
}

/// The server refuses to run as root, so root runs it as nobody.
fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
    command
}

fn give_to_nobody(folder: &Path) {
    if is_root() {
        let given = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(folder).status().expect("it runs");
        assert!(given.success(), "{} cannot be given away", folder.display());
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn random() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("random bytes");
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
