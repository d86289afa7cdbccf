//! The files of a measurement: what Claviger and nginx are configured with.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{Read as _, Write as _},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::command::Failure;

/// Rules of the policy that every call is judged by.
pub(crate) const RULES: usize = 200;
/// The audience of the development issuer's tokens.
pub(crate) const AUDIENCE: &str = "bench";
/// The upstreams that are called; further ones only bring further credentials.
const CALLED: [&str; 3] = ["small", "large", "events"];

/// The upstream whose credential is minted, and that answers as `small` does.
pub(crate) const MINTED: &str = "small-minted";

/// What a broker is configured with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Broker {
    /// The name of its files.
    pub(crate) name: &'static str,
    pub(crate) protection: Protection,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) upstream: SocketAddr,
    pub(crate) issuer: SocketAddr,
    pub(crate) credentials: usize,
    /// The OpenBao that mints the credential of one more upstream.
    pub(crate) minting: Option<SocketAddr>,
}

/// How callers reach a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    Plain,
    Tls,
}

/// The names of the credentials of upstreams, of which the first ones are called.
pub(crate) fn upstream_names(credentials: usize) -> impl Iterator<Item = String> {
    let called = CALLED.iter().map(|name| (*name).to_owned());
    called.chain((CALLED.len()..credentials).map(|number| format!("further-{number}")))
}

/// The key that seals the vault, fresh for this run.
pub(crate) fn vault_key(folder: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("cannot write the key of the vault: {error}"));
    let mut key = [0; 32];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut key)).map_err(failed)?;
    let file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(folder.join("vault.key"));
    file.and_then(|mut file| file.write_all(&key)).map_err(failed)
}

/// The configuration of one broker, with everything on.
pub(crate) fn broker(folder: &Path, broker: Broker) -> Result<(), Failure> {
    let Broker { name, protection, listen, admin, upstream, issuer, credentials, minting } = broker;
    let (public_url, tls) = match protection {
        Protection::Plain => (format!("http://{listen}"), ""),
        Protection::Tls => {
            let tls = "tls = { certificate = \"certificate.pem\", key = \"key.pem\" }";
            (format!("https://localhost:{}", listen.port()), tls)
        }
    };
    let more_scopes = if minting.is_some() { format!(", \"{MINTED}:*\"") } else { String::new() };
    let mut text = format!(
        r#"[server]
public_url = "{public_url}"
listen = "{listen}"
data_directory = "{name}-data"
workers = 1
{tls}

[admin]
listen = "{admin}"

[vault]
key = {{ key_file = "vault.key" }}

[policy]
files = ["rules.cedar"]

[[issuers]]
name = "idp"
issuer = "http://{issuer}"
jwks_uri = "http://{issuer}/jwks"
audience = "{AUDIENCE}"
algorithms = ["ES256"]
addresses = "loopback"

[[agents]]
name = "bench"
issuer = "idp"
claims = {{ sub = "bench" }}
groups = ["measured"]
scopes = ["small:*", "large:*", "events:*"{more_scopes}]
"#
    );
    for upstream_name in upstream_names(credentials) {
        // Writing to a string does not fail.
        let _written = write!(
            text,
            r#"
[[upstreams]]
name = "{upstream_name}"
kind = "mcp"
url = "http://{upstream}/{upstream_name}"
era = "2026-07-28"
addresses = "loopback"

[upstreams.credential]
name = "{upstream_name}-key"
provider = "fixed"
inject = {{ header = "Authorization", prefix = "Bearer " }}
"#
        );
    }
    if let Some(openbao) = minting {
        let _written = write!(
            text,
            r#"
[[upstreams]]
name = "{MINTED}"
kind = "mcp"
url = "http://{upstream}/{MINTED}"
era = "2026-07-28"
addresses = "loopback"

[upstreams.credential]
name = "{MINTED}-key"
provider = "bao"
inject = {{ basic = true }}
vault = {{ database = {{ role = "reader" }}, policies = ["read-measured"] }}

[[providers.vault]]
name = "bao"
url = "http://{openbao}"
addresses = "loopback"
token_role = "claviger"
auth = {{ jwt = {{ role = "claviger", audience = "{}" }} }}
"#,
            super::source::AUDIENCE
        );
    }
    write_file(&folder.join(format!("{name}.toml")), &text)
}

/// A policy of which few rules are about the agent, and one permits what is measured.
pub(crate) fn rules(folder: &Path) -> Result<(), Failure> {
    let mut text = String::from(
        "@id(\"measured\")\npermit (principal in Group::\"measured\", action == Action::\"tools/call\", resource);\n\n\
         @id(\"never-delete\")\nforbid (principal, action == Action::\"tools/call\", resource == Tool::\"small/delete\");\n",
    );
    for number in 2..RULES {
        let _written = if number % 4 == 0 {
            writeln!(
                text,
                "@id(\"forbidden-{number}\")\nforbid (principal in Group::\"team-{number}\", action == Action::\"tools/call\", \
                 resource == Tool::\"large/tool-{number}\");"
            )
        } else {
            writeln!(
                text,
                "@id(\"permitted-{number}\")\npermit (principal in Group::\"team-{number}\", action == Action::\"tools/call\", \
                 resource in Upstream::\"small\") when {{ context.arguments.limit < {number} }};"
            )
        };
    }
    write_file(&folder.join("rules.cedar"), &text)
}

/// nginx as a plain reverse proxy: one worker, connections to the upstream kept open, nothing logged.
pub(crate) fn nginx(folder: &Path, plain: SocketAddr, tls: SocketAddr, upstream: SocketAddr) -> Result<(), Failure> {
    let folder_text = folder.display();
    let text = format!(
        r#"daemon off;
master_process off;
worker_processes 1;
pid {folder_text}/nginx.pid;
error_log {folder_text}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder_text}/nginx-body;
    proxy_temp_path {folder_text}/nginx-proxy;
    fastcgi_temp_path {folder_text}/nginx-fastcgi;
    uwsgi_temp_path {folder_text}/nginx-uwsgi;
    scgi_temp_path {folder_text}/nginx-scgi;
    upstream fixed {{
        server {upstream};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    ssl_certificate {folder_text}/certificate.pem;
    ssl_certificate_key {folder_text}/key.pem;
    ssl_protocols TLSv1.3;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    server {{
        listen {plain};
        listen {tls} ssl;
        location / {{ proxy_pass http://fixed; }}
        location /large {{ proxy_pass http://fixed; proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; }}
        location /events {{ proxy_pass http://fixed; proxy_buffering off; }}
    }}
}}
"#
    );
    write_file(&folder.join("nginx.conf"), &text)
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}
