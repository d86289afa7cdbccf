//! What a broker is configured with.

use std::{fmt::Write as _, fs, path::Path};

use crate::support::{canary, issuer::AUDIENCE, ports::free_port};

/// Where upstreams are, unless a test says otherwise.
const ADDRESSES: &str = "addresses = \"loopback\"";

/// A configuration in the making. Without more said, one agent, `assistant`, is known by a token whose `sub` is `assistant`; it is
/// in the group `assistants`, may ask for everything, and policy permits it everything.
#[derive(Debug)]
pub(crate) struct BrokerSetup {
    port: u16,
    admin_port: u16,
    scheme: &'static str,
    server: String,
    issuers: String,
    agents: Option<String>,
    upstreams: String,
    scopes: Vec<String>,
    policy: String,
    secrets: Vec<(String, String, String)>,
    upstream: String,
    vault: String,
    more: String,
}

impl BrokerSetup {
    /// A broker that trusts one issuer on loopback, whatever of our algorithms it signs with.
    pub(crate) fn trusting(issuer: &str) -> Self {
        let issuers = format!(
            "[[issuers]]\nname = \"idp\"\nissuer = \"{issuer}\"\naudience = \"{AUDIENCE}\"\n\
             algorithms = [\"RS256\", \"ES256\"]\naddresses = \"loopback\"\n"
        );
        Self {
            port: free_port(),
            admin_port: free_port(),
            scheme: "http",
            server: String::new(),
            issuers,
            agents: None,
            upstreams: String::new(),
            scopes: Vec::new(),
            policy: "@id(\"assistants-may\")\npermit (principal in Group::\"assistants\", action, resource);\n"
                .to_owned(),
            secrets: Vec::new(),
            upstream: String::new(),
            vault: "{ key_file = \"vault.key\" }".to_owned(),
            more: String::new(),
        }
    }

    /// More lines of the issuer.
    pub(crate) fn issuer_line(mut self, line: &str) -> Self {
        let _written = writeln!(self.issuers, "{line}");
        self
    }

    /// An MCP upstream. What follows of upstreams is said of the last one.
    pub(crate) fn mcp(self, name: &str, url: &str, era: &str) -> Self {
        self.upstream(name, &format!("kind = \"mcp\"\nurl = \"{url}\"\nera = \"{era}\""))
    }

    /// A plain HTTP upstream.
    pub(crate) fn http(self, name: &str, url: &str) -> Self {
        self.upstream(name, &format!("kind = \"http\"\nurl = \"{url}\""))
    }

    /// A service of AWS.
    pub(crate) fn aws(self, name: &str, url: &str) -> Self {
        self.upstream(name, &format!("kind = \"aws\"\nurl = \"{url}\""))
    }

    fn upstream(mut self, name: &str, lines: &str) -> Self {
        name.clone_into(&mut self.upstream);
        self.scopes.push(format!("{name}:*"));
        let _written = write!(self.upstreams, "\n[[upstreams]]\nname = \"{name}\"\n{ADDRESSES}\n{lines}\n");
        self
    }

    /// More lines of the last upstream; they stand before its tables.
    pub(crate) fn upstream_line(mut self, line: &str) -> Self {
        let _written = writeln!(self.upstreams, "{line}");
        self
    }

    /// Which addresses the last upstream may resolve to, in place of loopback.
    pub(crate) fn addresses(mut self, class: &str) -> Self {
        let at = self.upstreams.rfind(ADDRESSES).expect("an upstream");
        self.upstreams.replace_range(at..at + ADDRESSES.len(), &format!("addresses = \"{class}\""));
        self
    }

    /// An operation of the last upstream.
    pub(crate) fn operation(mut self, name: &str, methods: &[&str], path: &str) -> Self {
        let _written = write!(
            self.upstreams,
            "\n[[upstreams.operations]]\nname = \"{name}\"\nmethods = {methods:?}\npath = \"{path}\"\n"
        );
        self
    }

    /// A credential of the last upstream, named `NAME-key`, whose slot is `inject`.
    pub(crate) fn credential(mut self, inject: &str, secret: &str) -> Self {
        let name = format!("{}-key", self.upstream);
        let _written = write!(
            self.upstreams,
            "\n[upstreams.credential]\nname = \"{name}\"\nprovider = \"fixed\"\ninject = {{ {inject} }}\n"
        );
        self.secrets.push((self.upstream.clone(), name, secret.to_owned()));
        self
    }

    /// A credential of the last upstream, named `NAME-minted`, that a provider mints; `what` is the table of the provider's kind.
    pub(crate) fn minted(mut self, provider: &str, inject: &str, what: &str) -> Self {
        let name = format!("{}-minted", self.upstream);
        let _written = write!(
            self.upstreams,
            "\n[upstreams.credential]\nname = \"{name}\"\nprovider = \"{provider}\"\ninject = {{ {inject} }}\n{what}\n"
        );
        self
    }

    /// A credential of the last upstream, as a bearer token.
    pub(crate) fn bearer(self, secret: &str) -> Self {
        self.credential("header = \"Authorization\", prefix = \"Bearer \"", secret)
    }

    /// Scopes of the agent, in place of everything.
    pub(crate) fn scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self
    }

    /// Policies in place of the one that permits everything.
    pub(crate) fn policy(mut self, text: &str) -> Self {
        text.clone_into(&mut self.policy);
        self
    }

    /// `[[agents]]` and what belongs to them, in place of the one.
    pub(crate) fn agents(mut self, toml: &str) -> Self {
        self.agents = Some(toml.to_owned());
        self
    }

    /// Lines of `[server]`.
    pub(crate) fn server(mut self, lines: &str) -> Self {
        let _written = writeln!(self.server, "{lines}");
        self
    }

    /// TLS at the agents' listener, with these files.
    pub(crate) fn tls(mut self, certificate: &Path, key: &Path) -> Self {
        self.scheme = "https";
        self.server(&format!("tls = {{ certificate = {certificate:?}, key = {key:?} }}"))
    }

    /// Where the key of the vault comes from, in place of its file.
    pub(crate) fn vault(mut self, key: &str) -> Self {
        key.clone_into(&mut self.vault);
        self
    }

    /// Further sections.
    pub(crate) fn more(mut self, toml: &str) -> Self {
        let _written = writeln!(self.more, "\n{toml}");
        self
    }

    /// Where agents will find the broker.
    pub(crate) fn public_url(&self) -> String {
        let host = if self.scheme == "https" { "localhost" } else { "127.0.0.1" };
        format!("{}://{host}:{}", self.scheme, self.port)
    }

    /// Where operators will find it.
    pub(crate) fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// Writes the configuration, the policies and the key of the vault; returns upstream, name and value of each credential.
    pub(super) fn write(self, home: &Path, config: &str) -> Vec<(String, String, String)> {
        let key = canary::random_hex(32);
        canary::register("key of the vault", &key);
        fs::write(home.join("vault.key"), key).expect("a test's folder");
        private(&home.join("vault.key"));
        fs::create_dir(home.join("policy")).expect("a test's folder");
        fs::write(home.join("policy/test.cedar"), &self.policy).expect("a test's folder");
        let agents = self.agents.clone().unwrap_or_else(|| {
            format!(
                "[[agents]]\nname = \"assistant\"\nissuer = \"idp\"\nclaims = {{ sub = \"assistant\" }}\n\
                 groups = [\"assistants\"]\nscopes = {:?}\n",
                self.scopes
            )
        });
        let text = format!(
            "[server]\npublic_url = \"{}\"\nlisten = \"127.0.0.1:{}\"\ndata_directory = \"data\"\n{}\n\
             [admin]\nlisten = \"127.0.0.1:{}\"\n\n[vault]\nkey = {}\n\n\
             [policy]\nfiles = [\"policy/*.cedar\"]\n\n{}\n{agents}\n{}{}",
            self.public_url(),
            self.port,
            self.server,
            self.admin_port,
            self.vault,
            self.issuers,
            self.upstreams,
            self.more,
        );
        fs::write(home.join(config), text).expect("a test's folder");
        self.secrets
    }
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a test's file");
}
