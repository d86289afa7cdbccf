//! The table of what was found in benign traffic, in Markdown.

use std::collections::BTreeMap;

use redact::Class;

use super::{Kind, Outcome};

/// Classes with a column of their own; fewer finds than the last of them are counted together.
const COLUMNS_MAX: usize = 7;

pub(super) fn of(kinds: &BTreeMap<Kind, Outcome>) -> Vec<String> {
    let mut totals: BTreeMap<Class, u64> = BTreeMap::new();
    for outcome in kinds.values() {
        outcome.others.iter().for_each(|(class, count)| *totals.entry(*class).or_default() += count);
    }
    let mut classes = totals.into_iter().collect::<Vec<_>>();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let classes = classes.into_iter().take(COLUMNS_MAX).map(|(class, _)| class).collect::<Vec<_>>();
    let names = classes.iter().map(|class| format!(" `{}` |", class.as_str())).collect::<String>();
    let mut lines = vec![
        format!("| kind | texts | MiB | changed | live secrets |{names} others |"),
        format!("|---|---|---|---|---|{}---|", "---|".repeat(classes.len())),
    ];
    let mut all = Outcome::default();
    for (kind, outcome) in kinds {
        lines.push(row(&kind.to_string(), outcome, &classes));
        all.texts += outcome.texts;
        all.bytes += outcome.bytes;
        all.changed += outcome.changed;
        all.live += outcome.live;
    }
    lines.push(format!("| all | {} | {:.0} | {} | {} |", all.texts, mebibytes(&all), all.changed, all.live));
    lines
}

/// One kind, with finds per MiB.
fn row(kind: &str, outcome: &Outcome, classes: &[Class]) -> String {
    let rate = |count: u64| {
        if count == 0 { " 0 |".to_owned() } else { format!(" {:.2} |", count as f64 / mebibytes(outcome)) }
    };
    let Outcome { texts, changed, live, others, .. } = outcome;
    let rates = match kind {
        _ if others.is_empty() => " – |".repeat(classes.len() + 1),
        _ => {
            let of = |class: &Class| others.get(class).copied().unwrap_or(0);
            let rest = others.iter().filter(|(class, _)| !classes.contains(class)).map(|(_, count)| count).sum();
            classes.iter().map(|class| rate(of(class))).collect::<String>() + &rate(rest)
        }
    };
    format!("| {kind} | {texts} | {:.0} | {changed} | {live} |{rates}", mebibytes(outcome))
}

fn mebibytes(outcome: &Outcome) -> f64 {
    outcome.bytes as f64 / f64::from(1 << 20)
}
