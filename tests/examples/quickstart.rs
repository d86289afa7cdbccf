//! The quickstart, step by step as a reader does it: every shell block of its README, in one shell.

use std::{fs, path::Path, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::support::{
    canary,
    copied::copy,
    peers::{node, or_skip},
    ports::free_port,
    program::claviger,
};

/// Four programs start one after the other.
const STEPS_MAX: Duration = Duration::from_secs(120);

#[tokio::test]
async fn the_steps_of_the_quickstart_do_what_its_readme_says() {
    let node = or_skip!(node());
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(repository.join("examples/quickstart/README.md")).expect("the quickstart");
    let blocks = shell_blocks(&readme);
    assert!(blocks.len() >= 8, "{blocks:?}");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let work = folder.path().join("work");
    copy(&repository.join("examples/quickstart"), &work);
    move_ports(&work.join("claviger.toml"));
    // The README puts its scripts beside the packages, which other tests are using.
    let peers = folder.path().join("peers/node");
    fs::create_dir_all(&peers).expect("a test's folder");
    fs::write(peers.join("installed"), "").expect("a test's folder");
    std::os::unix::fs::symlink(node.modules(), peers.join("node_modules")).expect("a test's folder");

    let steps = format!(
        "set -e\ntrap 'kill $STARTED 2>/dev/null || true' EXIT\n{}\nSTARTED=\necho all done\n",
        blocks.join("\n")
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &steps])
        .current_dir(&repository)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    shell.env("REPOSITORY", fs::canonicalize(&repository).expect("the repository")).env("WORK", &work);
    shell.env("CLAVIGER", claviger()).env("CLAVIGER_PEERS", folder.path().join("peers")).kill_on_drop(true);
    let output = timeout(STEPS_MAX, shell.output()).await.expect("the steps end").expect("sh runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.ends_with("all done\n"), "{out}\n{err}\n{}", logs(&work));
    assert_the_story(&out);

    for secret in ["passphrase", "agent-login", "everything-key", "billing-key", "idp-token", "session-token"] {
        let text = fs::read_to_string(work.join(secret)).unwrap_or_else(|error| panic!("{secret}: {error}"));
        canary::register(&format!("quickstart's {secret}"), text.trim());
    }
    canary::assert_clean("what the quickstart shows", &[output.stdout.as_slice(), &output.stderr].concat());
    canary::assert_clean("the logs of the quickstart", logs(&work).as_bytes());
    let (leaks, files) = canary::leaks_below(&work.join("data"));
    canary::assert_none(&leaks);
    assert!(files >= 4, "{files}");
}

fn assert_the_story(out: &str) {
    for line in [
        "stored everything-key (generation 1)",
        "stored billing-key (generation 1)",
        "{\"name\":\"echo\"",
        "Echo: hello",
        "policy does not permit this call",
        "(masked-secret)",
        "the session has ended, or had already",
        "\"error\":\"invalid_token\"",
        "intact: ",
    ] {
        assert!(out.contains(line), "no {line} in\n{out}");
    }
    assert!(!out.contains("{\"name\":\"get-env\""), "{out}");
    let reports: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let protocols = reports.iter().filter(|report| report["protocol"] == "2025-11-25").count();
    assert!(protocols >= 2, "{out}");
}

/// The lines between "```sh" and "```", block by block.
fn shell_blocks(readme: &str) -> Vec<String> {
    let blocks = readme.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// Ports of the test's own in place of those in the file, the same one for the same one.
fn move_ports(config: &Path) {
    let text = fs::read_to_string(config).expect("the configuration");
    let mut ports: Vec<&str> = text.split("127.0.0.1:").skip(1).filter_map(|rest| rest.get(..4)).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 5, "{ports:?}");
    let moved = ports.iter().fold(text.clone(), |text, port| {
        text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", free_port()))
    });
    fs::write(config, moved).expect("a test's folder");
}

/// What its programs logged.
fn logs(work: &Path) -> String {
    let logs = ["provider.log", "everything.log", "billing.log", "broker.log"];
    logs.map(|log| fs::read_to_string(work.join(log)).unwrap_or_default()).join("\n")
}
