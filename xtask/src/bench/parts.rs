//! The processes of a measurement: started on free ports of this machine, stopped when it is over.

use std::{
    fs,
    io::{BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    path::{Path as FilePath, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    Programs, Work, machine,
    setup::{self, Broker, Protection},
    source::Source,
};
use crate::{
    command::{Failure, run_quietly, version_of},
    root,
};

/// How long a part may take until it listens; a broker reads all credentials first.
const START_WAIT_MAX: Duration = Duration::from_secs(60);

/// The way that a call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    Direct,
    Nginx,
    Claviger,
}

impl Path {
    pub(crate) const ALL: [Self; 3] = [Self::Direct, Self::Nginx, Self::Claviger];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Claviger => "Claviger",
        }
    }
}

/// What is called, and whose work is measured.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) bench_parts: &'a FilePath,
    pub(crate) process: &'a Process,
    pub(crate) address: String,
    /// The path of a request.
    pub(crate) route: String,
    /// The file with the session token; every path gets one, so that all requests are alike.
    pub(crate) token: PathBuf,
    /// The certificate that the caller expects; without one the connection is plain.
    pub(crate) certificate: Option<PathBuf>,
}

/// A process that ends with its measurement.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(super) fn start(what: &str, command: &mut Command) -> Result<Self, Failure> {
        let child = command.spawn().map_err(|error| Failure::new(format!("cannot start {what}: {error}")))?;
        Ok(Self(child))
    }

    pub(crate) fn cpu_seconds(&self) -> Result<f64, Failure> {
        machine::cpu_seconds(self.0.id())
    }

    pub(crate) fn resident_kib(&self) -> Result<u64, Failure> {
        machine::resident_kib(self.0.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// A listener's address.
type At = SocketAddr;

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct Parts {
    folder: PathBuf,
    bench_parts: PathBuf,
    upstream: (Process, At),
    _issuer: Process,
    /// With the listener for TLS.
    nginx: (Process, At, At),
    plain: (Process, At),
    tls: (Process, At),
    minting: Option<Minting>,
}

/// The broker that mints, and what it mints at.
#[derive(Debug)]
struct Minting {
    broker: Process,
    at: At,
    _source: Source,
}

/// nginx stands for what a plain proxy costs.
pub(crate) fn check_nginx() -> Result<(), Failure> {
    if version_of("nginx", "-v").is_some() {
        return Ok(());
    }
    let install = ["install", "-y", "--no-install-recommends", "nginx-light"];
    let is_root = machine::is_root();
    if is_root && run_quietly("installing nginx (apt-get)", Command::new("apt-get").args(install)).is_ok() {
        return Ok(());
    }
    Err(Failure::new("nginx is not installed, and Claviger is measured beside it: sudo apt-get install nginx-light"))
}

impl Parts {
    pub(crate) fn start(programs: &Programs, credentials: usize) -> Result<Self, Failure> {
        let folder = root().join("target/bench");
        let failed = |error| Failure::new(format!("cannot write below {}: {error}", folder.display()));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed)?;
        }
        fs::create_dir_all(&folder).map_err(failed)?;
        let bench_parts = &programs.bench_parts;
        let (upstream, mut said) = speaking("the upstream", Command::new(bench_parts).arg("upstream"))?;
        let upstream_at = address(&line(&mut said)?)?;
        let (issuer, mut said) =
            speaking("the issuer", Command::new(bench_parts).args(["issuer", setup::AUDIENCE]).arg(&folder))?;
        let issuer_at = address(&line(&mut said)?)?;
        fs::write(folder.join("subject.token"), line(&mut said)?).map_err(failed)?;
        let nginx = start_nginx(&folder, upstream_at)?;
        let (plain_at, tls_at) = (free()?, free()?);
        setup::vault_key(&folder)?;
        setup::rules(&folder)?;
        for (name, protection, listen) in [("plain", Protection::Plain, plain_at), ("tls", Protection::Tls, tls_at)] {
            let (upstream, issuer, admin) = (upstream_at, issuer_at, free()?);
            let minting = None;
            setup::broker(&folder, Broker { name, protection, listen, admin, upstream, issuer, credentials, minting })?;
        }
        store(&programs.claviger, &folder, credentials)?;
        let minting = match Source::installed() {
            Some(source) => {
                let (source, at) = (source.start()?, free()?);
                let (name, protection, admin) = ("minting", Protection::Plain, free()?);
                let (listen, upstream, issuer, minting) = (at, upstream_at, issuer_at, Some(source.at()));
                let broker = Broker { name, protection, listen, admin, upstream, issuer, credentials, minting };
                setup::broker(&folder, broker)?;
                copy_vault(&folder, name)?;
                let broker = start_broker(&programs.claviger, &folder, name, at)?;
                source.trust(at)?;
                Some(Minting { broker, at, _source: source })
            }
            None => None,
        };
        let plain = start_broker(&programs.claviger, &folder, "plain", plain_at)?;
        let tls = start_broker(&programs.claviger, &folder, "tls", tls_at)?;
        let parts = Self {
            folder,
            bench_parts: bench_parts.clone(),
            upstream: (upstream, upstream_at),
            _issuer: issuer,
            nginx,
            plain: (plain, plain_at),
            tls: (tls, tls_at),
            minting,
        };
        for work in [Work::Small, Work::SmallTls] {
            parts.exchange(&parts.target(Path::Claviger, work))?;
        }
        Ok(parts)
    }

    /// What is called on a path.
    pub(crate) fn target(&self, path: Path, work: Work) -> Target<'_> {
        let address = match (path, work.is_tls()) {
            (Path::Direct, _) => self.upstream.1,
            (Path::Nginx, false) => self.nginx.1,
            (Path::Nginx, true) => self.nginx.2,
            (Path::Claviger, false) => self.plain.1,
            (Path::Claviger, true) => self.tls.1,
        };
        let route = match path {
            Path::Direct | Path::Nginx => format!("/{}", work.upstream()),
            Path::Claviger => format!("/mcp/{}", work.upstream()),
        };
        Target {
            bench_parts: &self.bench_parts,
            process: self.process(path, work),
            address: address.to_string(),
            route,
            token: self.folder.join(if work.is_tls() { "tls.token" } else { "plain.token" }),
            certificate: work.is_tls().then(|| self.folder.join("certificate.pem")),
        }
    }

    /// What calls are measured against where one of the credentials is minted and the other one stored, in the same broker.
    pub(crate) fn minting_target(&self, upstream: &str) -> Option<Target<'_>> {
        let Minting { broker, at, .. } = self.minting.as_ref()?;
        Some(Target {
            bench_parts: &self.bench_parts,
            process: broker,
            address: at.to_string(),
            route: format!("/mcp/{upstream}"),
            token: self.folder.join("minting.token"),
            certificate: None,
        })
    }

    /// The token that sessions are exchanged for.
    pub(crate) fn subject(&self) -> Result<fs::File, Failure> {
        let file = fs::File::open(self.folder.join("subject.token"));
        file.map_err(|error| Failure::new(format!("the token of the issuer: {error}")))
    }

    /// The process that is measured.
    pub(crate) const fn process(&self, path: Path, work: Work) -> &Process {
        match (path, work.is_tls()) {
            (Path::Direct, _) => &self.upstream.0,
            (Path::Nginx, _) => &self.nginx.0,
            (Path::Claviger, false) => &self.plain.0,
            (Path::Claviger, true) => &self.tls.0,
        }
    }

    /// Begins a session and keeps its token. It lasts a quarter of an hour.
    pub(crate) fn exchange(&self, target: &Target<'_>) -> Result<(), Failure> {
        let failed = |error| Failure::new(format!("the exchange of a token: {error}"));
        let mut session = Command::new(&self.bench_parts);
        session.arg("session").arg(&target.address);
        if let Some(certificate) = &target.certificate {
            session.arg("--certificate").arg(certificate);
        }
        let output = session.stdin(self.subject()?).output().map_err(failed)?;
        if !output.status.success() {
            return Err(Failure::new(String::from_utf8_lossy(&output.stderr).trim_end()));
        }
        fs::write(&target.token, output.stdout).map_err(failed)
    }
}

fn start_nginx(folder: &FilePath, upstream: At) -> Result<(Process, At, At), Failure> {
    let (plain, tls) = (free()?, free()?);
    setup::nginx(folder, plain, tls, upstream)?;
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg(folder.join("nginx.log"));
    let nginx = Process::start("nginx", nginx.stdin(Stdio::null()).stderr(Stdio::null()))?;
    await_listener("nginx", plain)?;
    Ok((nginx, plain, tls))
}

/// Stores a random credential for each upstream, once: all brokers begin with the same vault.
fn store(claviger: &FilePath, folder: &FilePath, credentials: usize) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("a credential could not be stored: {error}"));
    let began = Instant::now();
    for (number, name) in setup::upstream_names(credentials).enumerate() {
        if number % 100 == 0 {
            println!("   storing credentials: {number} of {credentials}, {:.1} s", began.elapsed().as_secs_f32());
        }
        let mut set = Command::new(claviger);
        set.args(["secret", "set", &format!("{name}-key"), "--upstream", &name, "--config"])
            .arg(folder.join("plain.toml"));
        let mut set = set.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
        if let Some(mut input) = set.stdin.take() {
            input.write_all(machine::random_text().map_err(failed)?.as_bytes()).map_err(failed)?;
        }
        if !set.wait().map_err(failed)?.success() {
            return Err(Failure::new(format!("the credential of {name} could not be stored")));
        }
    }
    copy_vault(folder, "tls")
}

/// Gives another broker the credentials of the plain one.
fn copy_vault(folder: &FilePath, name: &str) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("a vault could not be copied: {error}"));
    let (from, to) = (folder.join("plain-data/vault"), folder.join(format!("{name}-data/vault")));
    fs::create_dir_all(&to).map_err(failed)?;
    for file in fs::read_dir(&from).map_err(failed)? {
        let file = file.map_err(failed)?;
        fs::copy(file.path(), to.join(file.file_name())).map_err(failed)?;
    }
    Ok(())
}

fn start_broker(claviger: &FilePath, folder: &FilePath, name: &str, at: At) -> Result<Process, Failure> {
    let log = fs::File::create(folder.join(format!("{name}.log")));
    let log = log.map_err(|error| Failure::new(format!("cannot write a log: {error}")))?;
    let mut serve = Command::new(claviger);
    serve.arg("serve").arg("--config").arg(folder.join(format!("{name}.toml")));
    let began = Instant::now();
    let serve = Process::start("claviger", serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log))?;
    await_listener("claviger", at)?;
    println!("   the broker ({name}) listens after {:.2} s", began.elapsed().as_secs_f32());
    Ok(serve)
}

/// Starts a part that says on standard output where it is.
fn speaking(what: &str, command: &mut Command) -> Result<(Process, BufReader<ChildStdout>), Failure> {
    let mut process = Process::start(what, command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let said = process.0.stdout.take().ok_or_else(|| Failure::new(format!("{what} cannot speak")))?;
    Ok((process, BufReader::new(said)))
}

fn line(said: &mut impl std::io::BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    said.read_line(&mut line).map_err(|error| Failure::new(format!("a part could not be read: {error}")))?;
    Ok(line.trim_end().to_owned())
}

fn address(text: &str) -> Result<At, Failure> {
    text.parse().map_err(|_| Failure::new(format!("a part said where it listens as {text:?}")))
}

/// A port that nobody has. Somebody may take it before it is used; then the part says so.
pub(super) fn free() -> Result<At, Failure> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.map_err(|error| Failure::new(format!("no port is free: {error}")))
}

pub(super) fn await_listener(what: &str, at: At) -> Result<(), Failure> {
    let began = Instant::now();
    while began.elapsed() < START_WAIT_MAX {
        #[expect(clippy::disallowed_methods, reason = "asks whether a part listens; nothing of this ships")]
        if std::net::TcpStream::connect(at).is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Err(Failure::new(format!("{what} does not listen; its log is below target/bench")))
}
