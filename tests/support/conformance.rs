//! The MCP conformance suite as a judge: a requirement set in, the verdict on each scenario out.

mod client;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
    time::Duration,
};

use serde_json::Value;

pub(crate) use self::client::{Told, play, scenarios_of};
use super::{peers::Node, process};

/// A run takes seconds; a scenario that hangs has its own limit in the suite.
const RUN_MAX: Duration = Duration::from_secs(300);

/// A revision's requirement set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Requirements {
    /// 2025-11-25
    Legacy,
    /// 2026-07-28
    Modern,
}

impl Requirements {
    /// The revision's name.
    pub(crate) fn revision(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

/// One check of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) id: String,
    /// `SUCCESS`, `FAILURE`, `WARNING`, `SKIPPED` or `INFO`
    pub(crate) status: String,
    pub(crate) message: String,
}

/// A scenario passes when none of its checks fails and none warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No check failed or warned
    Pass,
    /// No check failed, and one warned
    Warn,
    /// A check failed
    Fail,
    /// The suite wrote no result
    Absent,
}

impl Verdict {
    /// The verdict on a scenario with these checks.
    pub(crate) fn on(checks: &[Check]) -> Self {
        let any = |status: &str| checks.iter().any(|check| check.status == status);
        if any("FAILURE") {
            Self::Fail
        } else if any("WARNING") {
            Self::Warn
        } else {
            Self::Pass
        }
    }
}

/// All verdicts of one run.
#[derive(Debug)]
pub(crate) struct Verdicts {
    checks: BTreeMap<String, Vec<Check>>,
    required: BTreeSet<String>,
}

impl Verdicts {
    /// The verdict on every scenario that the revision requires: equal for a server and for the same server behind a gateway.
    pub(crate) fn required(&self) -> BTreeMap<&str, Verdict> {
        self.required.iter().map(|scenario| (scenario.as_str(), self.of(scenario))).collect()
    }

    /// The verdict on the scenarios that are run for information.
    pub(crate) fn others(&self) -> BTreeMap<&str, Verdict> {
        let others = self.checks.keys().filter(|scenario| !self.required.contains(*scenario));
        others.map(|scenario| (scenario.as_str(), self.of(scenario))).collect()
    }

    /// The verdict on one scenario.
    pub(crate) fn of(&self, scenario: &str) -> Verdict {
        self.checks.get(scenario).map_or(Verdict::Absent, |checks| Verdict::on(checks))
    }

    /// How many checks of the required scenarios succeeded.
    pub(crate) fn checks_passed(&self) -> usize {
        self.checks_of_required().filter(|(_, check)| check.status == "SUCCESS").count()
    }

    fn checks_of_required(&self) -> impl Iterator<Item = (&str, &Check)> {
        let required = self.checks.iter().filter(|(scenario, _)| self.required.contains(*scenario));
        required.flat_map(|(scenario, checks)| checks.iter().map(move |check| (scenario.as_str(), check)))
    }
}

/// Every required check that did not succeed, for the message of an assertion.
impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scenario, check) in self.checks_of_required() {
            if !matches!(check.status.as_str(), "SUCCESS" | "INFO") {
                writeln!(f, "{scenario}: {}: {}: {}", check.status, check.id, check.message)?;
            }
        }
        for absent in self.required.iter().filter(|scenario| !self.checks.contains_key(*scenario)) {
            writeln!(f, "{absent}: no result")?;
        }
        Ok(())
    }
}

/// Judges the server at `url`.
///
/// # Panics
///
/// When the suite cannot run. A verdict, good or bad, is a result.
pub(crate) async fn judge(node: &Node, requirements: Requirements, url: &str) -> Verdicts {
    let results = tempfile::tempdir().expect("a temporary folder");
    let mut suite = node.package("@modelcontextprotocol/conformance/dist/index.js");
    suite.args(["server", "--url", url, "--requirements", requirements.revision(), "-o"]).arg(results.path());
    // The exit code says only whether all required scenarios passed, and the results say which.
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", "\"$@\" || true", "sh"]).arg(suite.as_std().get_program()).args(suite.as_std().get_args());
    process::output("conformance", shell, "", RUN_MAX).await;
    let sets = node.modules().join("@modelcontextprotocol/conformance/requirements");
    let verdicts = Verdicts {
        checks: checks_below(results.path()),
        required: required_of_servers(&sets.join(format!("{}.yaml", requirements.revision()))),
    };
    assert!(!verdicts.checks.is_empty(), "the suite wrote no results");
    verdicts
}

/// Each scenario has a folder `server-NAME-TIME`, where TIME is `YYYY-MM-DDTHH-MM-SS-mmmZ`.
fn checks_below(directory: &Path) -> BTreeMap<String, Vec<Check>> {
    const TIME_LENGTH: usize = "-2026-11-20T11-23-19-978Z".len();
    let mut scenarios = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("the suite's folder") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let scenario = name.strip_prefix("server-").unwrap_or(name);
        let scenario = scenario.get(..scenario.len().saturating_sub(TIME_LENGTH)).unwrap_or(scenario);
        let Ok(text) = fs::read_to_string(folder.join("checks.json")) else { continue };
        let checks: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let field = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let checks = checks.iter().map(|check| Check {
            id: field(check, "id"),
            status: field(check, "status"),
            message: field(check, "errorMessage"),
        });
        scenarios.insert(scenario.to_owned(), checks.collect());
    }
    scenarios
}

/// The list below `server:` in a requirement set, which is a plain YAML list of names.
fn required_of_servers(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().skip_while(|line| line.trim_end() != "server:").skip(1);
    let list = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    list.filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect()
}
