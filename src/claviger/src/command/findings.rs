//! `claviger audit findings`: what was found in calls and answers, by day, upstream and class, out of the record.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use model::Timestamp;
use serde_json::{Value, json};
use tlog::{Reader, VerifierKey};

use crate::{
    broker::VERIFIER_FILE,
    output::{Failure, hint, say},
};

/// What one row of the report is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    day: String,
    upstream: String,
    /// `call` or `answer`.
    direction: &'static str,
    class: String,
}

/// How often something of one class was found.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    masked: u64,
    detected: u64,
}

/// Reads the record of the configuration and says what it tells of finds.
pub(crate) fn run(config: &Path, since: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let since = since.map(first_second).transpose()?;
    let data = super::load(config)?.server.data_directory;
    let rows = count(&data, since.unwrap_or(Timestamp::from_millis(0)))?;
    if as_json {
        for (Row { day, upstream, direction, class }, Counts { masked, detected }) in &rows {
            let row = json!({
                "day": day, "upstream": upstream, "direction": direction, "class": class, "masked": masked, "detected": detected,
            });
            say(row.to_string());
        }
        return Ok(());
    }
    if rows.is_empty() {
        hint("nothing was found in calls or answers");
        return Ok(());
    }
    say(format!("{:<10}  {:<20}  {:<6}  {:<24}  {:>8}  {:>8}", "day", "upstream", "in", "class", "masked", "detected"));
    for (Row { day, upstream, direction, class }, Counts { masked, detected }) in &rows {
        say(format!("{day:<10}  {upstream:<20}  {direction:<6}  {class:<24}  {masked:>8}  {detected:>8}"));
    }
    Ok(())
}

fn first_second(day: &str) -> Result<Timestamp, Failure> {
    let first = Timestamp::from_rfc3339(&format!("{day}T00:00:00Z"));
    first.ok_or_else(|| Failure::new(format!("`{day}` is no day; write it as 2026-11-01")))
}

fn count(data: &Path, since: Timestamp) -> Result<BTreeMap<Row, Counts>, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::new(format!("the record cannot be read: {error}"));
    let key = fs::read_to_string(data.join(VERIFIER_FILE)).map_err(|error| unreadable(&error))?;
    let key: VerifierKey = key.trim().parse().map_err(|error| unreadable(&error))?;
    let reader = Reader::open(&data.join("audit"), &key).map_err(|error| unreadable(&error))?;
    let mut rows = BTreeMap::new();
    // The upstreams of calls whose outcome has not come yet.
    let mut open: HashMap<u64, String> = HashMap::new();
    for (index, entry) in (0_u64..).zip(reader.entries(0)) {
        let entry = entry.map_err(|error| unreadable(&error))?;
        let entry: Value = serde_json::from_slice(&entry.bytes).map_err(|error| unreadable(&error))?;
        let upstream = || entry["upstream"].as_str().unwrap_or("_OTHER").to_owned();
        let (upstream, direction) = match entry["kind"].as_str() {
            Some("intent") => {
                open.insert(index, upstream());
                (upstream(), "call")
            }
            Some("denial") => (upstream(), "call"),
            Some("outcome") => {
                let intent = entry["intent"].as_u64().unwrap_or(u64::MAX);
                (open.remove(&intent).unwrap_or_else(|| "_OTHER".to_owned()), "answer")
            }
            _ => continue,
        };
        let time = Timestamp::from_millis(entry["time_ms"].as_u64().unwrap_or_default());
        if time < since {
            continue;
        }
        let row =
            |class: &str| Row { day: time.to_day(), upstream: upstream.clone(), direction, class: class.to_owned() };
        for (class, member) in [("live_secret", "masked_secrets"), ("named_field", "masked_fields")] {
            if let Some(count) = entry[member].as_u64().filter(|count| *count > 0) {
                rows.entry(row(class)).or_insert_with(Counts::default).masked += count;
            }
        }
        for (class, masked) in counts(&entry["masked"]) {
            rows.entry(row(class)).or_default().masked += masked;
        }
        for (class, detected) in counts(&entry["detected"]) {
            rows.entry(row(class)).or_default().detected += detected;
        }
    }
    Ok(rows)
}

/// The members of an object of counts.
fn counts(object: &Value) -> impl Iterator<Item = (&str, u64)> {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(class, count)| Some((class.as_str(), count.as_u64()?)))
}
