//! OpenBao with a PostgreSQL, for the credential that is minted; set up as the README of the provider tells an operator.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    machine,
    parts::{Process, await_listener, free},
};
use crate::{command::Failure, peers, root};

/// Whom the broker addresses when it logs in.
pub(crate) const AUDIENCE: &str = "bench-openbao";

/// The superuser of the database.
const OWNER: &str = "owner";

/// A server that listens may still say that it starts.
const UP_WAIT_MAX: Duration = Duration::from_secs(30);

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Installed {
    bao: PathBuf,
    postgres: PathBuf,
}

/// The running servers.
#[derive(Debug)]
pub(crate) struct Source {
    at: SocketAddr,
    program: PathBuf,
    root_token: String,
    home: PathBuf,
    _processes: [Process; 2],
}

impl Source {
    /// `None` where one of the servers is not installed.
    pub(crate) fn installed() -> Option<Installed> {
        let bao = root().join("target/peers/openbao/venv/bin/bao");
        let postgres = peers::postgres()?;
        bao.is_file().then_some(Installed { bao, postgres })
    }

    /// Where OpenBao listens.
    pub(crate) const fn at(&self) -> SocketAddr {
        self.at
    }

    /// Lets a broker that runs log in with what it signs about itself.
    pub(crate) fn trust(&self, broker: SocketAddr) -> Result<(), Failure> {
        let (discovery, issuer) =
            (format!("oidc_discovery_url=http://{broker}"), format!("bound_issuer=http://{broker}"));
        self.bao(&["auth", "enable", "jwt"])?;
        self.bao(&["write", "auth/jwt/config", &discovery, &issuer])?;
        let audience = format!("bound_audiences={AUDIENCE}");
        let role =
            ["role_type=jwt", "user_claim=sub", "bound_subject=claviger", "token_policies=claviger", "token_ttl=1h"];
        self.bao(&[&["write", "auth/jwt/role/claviger", &audience][..], &role].concat())
    }

    fn bao(&self, arguments: &[&str]) -> Result<(), Failure> {
        let mut bao = Command::new(&self.program);
        bao.args(arguments).env("BAO_ADDR", format!("http://{}", self.at)).env("BAO_TOKEN", &self.root_token);
        succeed("bao", bao.env("HOME", &self.home))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // A temporary folder that stays behind harms nobody.
        let _removed = fs::remove_dir_all(&self.home);
    }
}

impl Installed {
    /// Starts both, with one role at OpenBao whose users may log in.
    pub(crate) fn start(&self) -> Result<Source, Failure> {
        println!("   starting OpenBao and PostgreSQL");
        let failed = |error| Failure::new(format!("no folder for OpenBao and PostgreSQL: {error}"));
        // PostgreSQL runs as nobody where this runs as root, and must come as far as its folder.
        let home = env::temp_dir().join(format!("claviger-bench-{}", std::process::id()));
        fs::create_dir_all(&home).map_err(failed)?;
        let (password, root_token) = (machine::random_text().map_err(failed)?, machine::random_text().map_err(failed)?);
        let (at, database) = (free()?, free()?);
        let postgres = self.start_postgres(&home, &password, database)?;
        let mut bao = Command::new(&self.bao);
        bao.args(["server", "-dev", "-dev-no-store-token", &format!("-dev-listen-address={at}")]);
        bao.env("BAO_DEV_ROOT_TOKEN_ID", &root_token).env("HOME", &home);
        let bao = Process::start("OpenBao", bao.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))?;
        await_listener("OpenBao", at)?;
        let program = self.bao.clone();
        let source = Source { at, program, root_token, home, _processes: [bao, postgres] };
        until_up(|| source.bao(&["token", "lookup"]))?;
        until_up(|| source.mint(database, &password))?;
        Ok(source)
    }

    fn start_postgres(&self, home: &Path, password: &str, at: SocketAddr) -> Result<Process, Failure> {
        let failed = |error| Failure::new(format!("PostgreSQL: {error}"));
        let (data, password_file) = (home.join("data"), home.join("password"));
        fs::write(&password_file, password).map_err(failed)?;
        if machine::is_root() {
            succeed("chown", Command::new("chown").args(["-R", "nobody:nogroup"]).arg(home))?;
        }
        let mut init = as_nobody(&self.postgres.join("initdb"));
        init.args(["--no-sync", "--auth=scram-sha-256", "--username", OWNER, "--pwfile"]).arg(&password_file);
        succeed("initdb", init.arg("-D").arg(&data).current_dir(home))?;
        let mut server = as_nobody(&self.postgres.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &at.port().to_string(), "-c", "listen_addresses=127.0.0.1", "-c"]);
        server.arg(format!("unix_socket_directories={}", home.display())).current_dir(home);
        let server =
            Process::start("PostgreSQL", server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))?;
        await_listener("PostgreSQL", at)?;
        Ok(server)
    }
}

impl Source {
    /// What an operator of a database sets up, and the policies of the broker and of its sessions.
    fn mint(&self, database: SocketAddr, password: &str) -> Result<(), Failure> {
        // A second try finds it there.
        let _enabled_or_there = self.bao(&["secrets", "enable", "database"]);
        let url = format!("connection_url=postgresql://{{{{username}}}}:{{{{password}}}}@{database}/postgres");
        self.bao(&[
            "write",
            "database/config/postgres",
            "plugin_name=postgresql-database-plugin",
            "allowed_roles=reader",
            "password_authentication=scram-sha-256",
            &url,
            &format!("username={OWNER}"),
            &format!("password={password}"),
        ])?;
        self.bao(&[
            "write",
            "database/roles/reader",
            "db_name=postgres",
            "default_ttl=1h",
            "max_ttl=1h",
            "creation_statements=CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
            "revocation_statements=DROP ROLE IF EXISTS \"{{name}}\"",
        ])?;
        let policy = self.home.join("policy.hcl");
        let text = "path \"database/creds/reader\" { capabilities = [\"read\"] }";
        fs::write(&policy, text).map_err(|error| Failure::new(format!("the policy of sessions: {error}")))?;
        self.bao(&["policy", "write", "read-measured", &policy.to_string_lossy()])?;
        let own = root().join("providers/vault/policy.hcl");
        self.bao(&["policy", "write", "claviger", &own.to_string_lossy()])?;
        let globs = "allowed_policies_glob=read-*";
        self.bao(&["write", "auth/token/roles/claviger", globs, "orphan=true", "token_no_default_policy=true"])
    }
}

/// The server refuses to run as root, so root runs it as nobody.
fn as_nobody(program: &Path) -> Command {
    if !machine::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
    command
}

fn succeed(what: &str, command: &mut Command) -> Result<(), Failure> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new(format!("cannot start {what}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim_end())))
}

fn until_up(done: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        match done() {
            Err(_) if began.elapsed() < UP_WAIT_MAX => thread::sleep(Duration::from_millis(100)),
            last => return last,
        }
    }
}
