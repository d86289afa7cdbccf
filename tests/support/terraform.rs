//! Terraform on a copy of our modules, with stand-ins for the providers (`tests/peers/terraform`), away from any network.

use std::{
    collections::HashMap,
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    copied::copy,
    peers,
    program::{Ran, run_command},
};

/// A version that every module takes.
const VERSION: &str = "5.99.0";

/// A copy of `terraform/`, and how Terraform is run in it.
#[derive(Debug)]
pub(crate) struct Terraform {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Terraform {
    /// Makes the copy.
    pub(crate) fn new(peer: &peers::Terraform) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&source(), &folder.path().join("terraform"));
        let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/terraform/provider.py");
        // `terraform init` installs from here, and needs no registry.
        let mirror = folder.path().join("mirror");
        let mut overrides = String::new();
        for provider in ["aws", "vault"] {
            let programs = mirror.join(format!("registry.terraform.io/hashicorp/{provider}/{VERSION}/{}", platform()));
            fs::create_dir_all(&programs).expect("a test's folder");
            let program = programs.join(format!("terraform-provider-{provider}_v{VERSION}"));
            let script =
                format!("#!/bin/sh\nexec '{}' -B '{}' {provider}\n", peer.python.display(), stand_ins.display());
            fs::write(&program, script).expect("a test's folder");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("a test's folder");
            overrides += &format!("\"hashicorp/{provider}\" = \"{}\"\n", programs.display());
        }
        let settings = format!(
            "provider_installation {{\ndev_overrides {{\n{overrides}}}\nfilesystem_mirror {{\npath = \"{}\"\n}}\n}}\n",
            mirror.display()
        );
        fs::write(folder.path().join("settings"), settings).expect("a test's folder");
        Self { folder, environment: Vec::new() }
    }

    /// With one more variable in the environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A folder of the copy.
    pub(crate) fn path(&self, folder: &str) -> PathBuf {
        self.folder.path().join("terraform").join(folder)
    }

    /// Runs one command in a folder.
    ///
    /// # Panics
    ///
    /// When it does not end, or prints a secret.
    pub(crate) async fn run(&self, folder: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new("terraform");
        command.args(arguments);
        self.run_command(folder, command).await
    }

    /// Runs the commands of a README in a folder, as somebody does who says yes; what they printed.
    ///
    /// # Panics
    ///
    /// With what they printed, when one fails.
    pub(crate) async fn shell(&self, folder: &str, commands: &str) -> String {
        let mut shell = Command::new("sh");
        shell.args(["-ec", commands]).env("TF_CLI_ARGS_apply", "-auto-approve -input=false");
        let ran = self.run_command(folder, shell).await;
        assert_eq!(ran.code, Some(0), "{commands}\n{}\n{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    async fn run_command(&self, folder: &str, mut command: Command) -> Ran {
        command.current_dir(self.path(folder));
        command.env("TF_CLI_CONFIG_FILE", self.folder.path().join("settings")).env("HOME", self.folder.path());
        command.env("CHECKPOINT_DISABLE", "1").env("TF_IN_AUTOMATION", "1").env("TF_CLI_ARGS", "-no-color");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        run_command(command, "").await
    }

    /// The same for a command that must succeed; what it printed.
    ///
    /// # Panics
    ///
    /// With what it printed, when it does not.
    pub(crate) async fn must(&self, folder: &str, arguments: &[&str]) -> String {
        let ran = self.run(folder, arguments).await;
        assert_eq!(ran.code, Some(0), "terraform {} in {folder}:\n{}\n{}", arguments.join(" "), ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Makes what a folder describes, and returns its outputs.
    pub(crate) async fn apply(&self, folder: &str) -> Value {
        self.must(folder, &["get"]).await;
        self.must(folder, &["apply", "-auto-approve", "-input=false"]).await;
        let outputs = self.must(folder, &["output", "-json"]).await;
        let outputs: Value = serde_json::from_str(&outputs).expect("Terraform prints JSON");
        let members = outputs.as_object().expect("an object by name").iter();
        members.map(|(name, output)| (name.clone(), output["value"].clone())).collect()
    }

    /// What was made in a folder: the attributes of each resource, by its address.
    pub(crate) async fn state(&self, folder: &str) -> HashMap<String, Value> {
        let shown: Value =
            serde_json::from_str(&self.must(folder, &["show", "-json"]).await).expect("Terraform prints JSON");
        let root = &shown["values"]["root_module"];
        let modules = root["child_modules"].as_array().into_iter().flatten().chain([root]);
        let resources = modules.flat_map(|module| module["resources"].as_array().into_iter().flatten());
        let address = |resource: &Value| resource["address"].as_str().expect("a resource has an address").to_owned();
        resources.map(|resource| (address(resource), resource["values"].clone())).collect()
    }
}

/// This machine, as registries of providers name it.
fn platform() -> String {
    let system = if env::consts::OS == "macos" { "darwin" } else { env::consts::OS };
    let processor = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{processor}")
}

/// The modules as they stand in the repository.
pub(crate) fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform")
}
