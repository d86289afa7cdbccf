//! Loading: from a path to a checked configuration, or to all that is wrong with it.

use std::{io::Read as _, path::Path};

use crate::{
    Admin, Agent, Audit, ConfigErrors, IntrospectionClient, Issuer, Masking, Policy, Problem, Provider, Server,
    Session, Upstream, Vault, address::why, file::FileTable, problem::Problems, read::read, references, source::Source,
};

/// A larger file is not a configuration.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A configuration that was checked as a whole.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where agents reach us, where state is kept, and the limits.
    pub server: Server,
    /// The listener of health and metrics.
    pub admin: Admin,
    /// The stored credentials.
    pub vault: Vault,
    /// What holds for every session.
    pub session: Session,
    /// Which files hold the rules.
    pub policy: Policy,
    /// The record of every call.
    pub audit: Audit,
    /// What is looked for in answers and calls.
    pub masking: Masking,
    /// The trusted identity providers; names and issuers are unique.
    pub issuers: Vec<Issuer>,
    /// The agents; names are unique, and their issuers and upstreams exist.
    pub agents: Vec<Agent>,
    /// Who may introspect; ids are unique.
    pub introspection_clients: Vec<IntrospectionClient>,
    /// The sources that mint credentials; names are unique.
    pub providers: Vec<Provider>,
    /// The servers that we call; names are unique.
    pub upstreams: Vec<Upstream>,
}

/// Reads and checks the file at `path`. Paths in it are relative to its folder.
///
/// # Errors
/// All problems with keys, types and single values; where there are none, all problems between the parts of the file. Each
/// points into the file and says what would be right.
pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
    let source = Source::new(path.to_owned(), read_text(path)?);
    let mut problems = Problems::new(&source);
    let config = read(&mut problems).and_then(|file| check(file, &mut problems));
    problems.finish()?;
    // Without a problem there is a configuration; if that were ever wrong, the program must not start on half of one.
    config.ok_or_else(|| Problem::with_file(path, "the configuration is incomplete".to_owned(), "report this as a bug"))
}

fn read_text(path: &Path) -> Result<String, ConfigErrors> {
    let unreadable = |error: std::io::Error| {
        let help = "name the file with `-c FILE`; `claviger init` writes one to begin with";
        Problem::with_file(path, format!("the configuration cannot be read: {}", why(&error)), help)
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Problem::with_file(path, "larger than 4 MiB".to_owned(), "name a file of TOML"));
    }
    String::from_utf8(bytes)
        .map_err(|_| Problem::with_file(path, "not a text in UTF-8".to_owned(), "TOML is written in UTF-8"))
}

fn check(file: FileTable, problems: &mut Problems<'_>) -> Option<Config> {
    references::check(&file, problems);
    let listens = [file.server.listen.span.clone(), file.admin.listen.span.clone()];
    let server = file.server.check(problems);
    let admin = file.admin.check(problems);
    if server.listener.clashes_with(&admin.listener) {
        // One of them may be a default, which stands nowhere.
        let span = listens.iter().rev().find(|span| !span.is_empty()).cloned().unwrap_or_default();
        let (agents, health) = (server.listener.address, admin.listener.address);
        problems
            .at(&span, format!("the server listens on {agents} and the admin listener on {health}"))
            .help_with("give each `listen` a port of its own");
    }
    let vault = file.vault.check(problems);
    let session = file.session.check();
    let policy = file.policy.check(problems);
    let audit = file.audit.check(&server.public_url);
    let (masking, of_upstreams) = file.masking.check(problems);
    let issuers = file.issuers.into_iter().map(|issuer| issuer.check(problems)).collect();
    let agents = file.agents.into_iter().map(|agent| agent.check(session.lifetime_seconds_max, problems)).collect();
    let introspection_clients = file.introspection_clients.into_iter().map(|client| client.check(problems)).collect();
    let providers = file.providers.check(problems);
    // Every upstream is checked, also after one that could not be read.
    let upstreams: Vec<_> = file
        .upstreams
        .into_iter()
        .map(|upstream| upstream.check(&server.public_url, &providers, &of_upstreams, problems))
        .collect();
    let upstreams = upstreams.into_iter().collect::<Option<_>>()?;
    Some(Config {
        server,
        admin,
        vault,
        session,
        policy,
        audit,
        masking,
        issuers,
        agents,
        introspection_clients,
        providers,
        upstreams,
    })
}
