//! A configuration file on a machine of its own, and what loading it says.

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    os::unix::fs::PermissionsExt as _,
};

/// The least that loads.
pub(crate) const BASE: &str = r#"
[server]
public_url = "http://127.0.0.1:8480"
[policy]
files = ["*.cedar"]
"#;

/// An issuer and two upstreams to go with [`BASE`].
pub(crate) const PARTS: &str = r#"
[[issuers]]
name = "idp"
issuer = "https://idp.example"
audience = "claviger"
[[upstreams]]
name = "github"
kind = "mcp"
url = "https://mcp.github.example/mcp"
era = "2026-07-28"
[[upstreams]]
name = "billing"
kind = "http"
url = "https://billing.example/v1"
[[upstreams.operations]]
name = "read-invoice"
methods = ["GET"]
path = "/invoices/{id}"
"#;

/// Loads `text` as `/etc/claviger.toml` of a machine with a policy, a key that others can read, one that only its owner and group can,
/// and nothing else.
pub(crate) fn load_text(text: &str) -> Result<config::Config, String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let place = |name: &str| folder.path().join(name);
    for (name, content, mode) in
        [("claviger.toml", text, 0o644), ("a.cedar", "", 0o644), ("open.key", "", 0o644), ("closed.key", "", 0o640)]
    {
        fs::write(place(name), content).expect("a temporary folder can be written to");
        fs::set_permissions(place(name), fs::Permissions::from_mode(mode)).expect("a file of ours has our permissions");
    }
    let real = folder.path().display().to_string();
    config::load(&place("claviger.toml")).map_err(|errors| errors.to_string().replace(&real, "/etc"))
}

/// A secret that stands nowhere else.
pub(crate) fn canary() -> String {
    format!("canary-{:016x}", RandomState::new().build_hasher().finish())
}

pub(crate) fn errors(text: &str) -> String {
    load_text(text).expect_err("this configuration is wrong")
}

pub(crate) fn server(lines: &str) -> String {
    format!("[server]\npublic_url = \"http://127.0.0.1:8480\"\n{lines}\n[policy]\nfiles = [\"*.cedar\"]\n")
}

pub(crate) fn with_parts(more: &str) -> String {
    format!("{BASE}{PARTS}{more}")
}
