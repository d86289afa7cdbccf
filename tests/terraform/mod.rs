//! The modules in `terraform/`: what they make, at real servers where there are some.

mod aws_broker;
mod aws_iam;
mod aws_trust;
mod documented;
mod iam;
mod pasted;
mod valid;
mod vault;
mod vault_agent;
mod vault_login;
mod vault_minting;

use std::fs;

use crate::support::terraform::source;

/// The names of the modules.
fn modules() -> Vec<String> {
    let entries = fs::read_dir(source().join("modules")).expect("the modules");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("a module").file_name().display().to_string()).collect();
    names.sort();
    names
}
