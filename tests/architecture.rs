//! The house rules that a machine can hold: who imports whom, who opens secrets and sockets, what may be depended on.
//!
//! Each rule is a function from what it judges to what is wrong, so that beside it stands a test that it can find something.

mod confinement;
mod dependencies;
mod errors;
mod files;
mod imports;
mod sources;
mod unsafety;

/// Fails with everything that is wrong, and what to do.
fn holds(rule: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{rule}\n  {}", wrong.join("\n  "));
}
