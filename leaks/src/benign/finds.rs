//! What was found in benign traffic, for a person who judges it: some finds of each rule, with what stands around them.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use redact::{Class, Content, Found, MARKER, Masker, Personal, Profile, Shapes};

use super::Kind;

/// How much is shown around a find.
const AROUND: usize = 30;
/// The most that is shown of a find.
const LENGTH_MAX: usize = 80;

/// Of many finds of a rule, every so many-th is shown.
const SHOWN_EVERY: u64 = 97;

/// Finds by rule.
#[derive(Debug)]
pub(super) struct Finds {
    personal: Arc<Personal>,
    shapes: Arc<Shapes>,
    shown: usize,
    of_rules: BTreeMap<String, (u64, Vec<String>)>,
}

impl Finds {
    pub(super) fn new(personal: Arc<Personal>, shown: usize) -> Self {
        Self { personal, shapes: Shapes::built_in(), shown, of_rules: BTreeMap::new() }
    }

    /// Looks at a text as it stands, where anything is to be shown.
    pub(super) fn look(&mut self, kind: Kind, name: &str, text: &[u8]) {
        if self.shown == 0 {
            return;
        }
        named(text).into_iter().for_each(|shown| self.add("named_field", || format!("{kind} {name}: {shown:?}")));
        let shapes = self.shapes.all(text).into_iter().map(|find| (self.shapes.rule(&find).to_owned(), find));
        let personal = self.personal.finds(text).into_iter().map(|find| (find.class.as_str().to_owned(), find));
        for (rule, find) in shapes.chain(personal).collect::<Vec<_>>() {
            let of = if find.class == Class::Credential { "credential " } else { "" };
            self.add(&format!("{of}{rule}"), || format!("{kind} {name}: {}", around(text, &find)));
        }
    }

    /// Counts a find of a rule, and keeps the first, and then ever fewer, so that no file has them all.
    fn add(&mut self, rule: &str, show: impl FnOnce() -> String) {
        let (count, shown) = self.of_rules.entry(rule.to_owned()).or_default();
        *count += 1;
        if count.is_power_of_two() || count.is_multiple_of(SHOWN_EVERY) {
            shown.push(show());
            if shown.len() > self.shown {
                shown.remove(0);
            }
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let mut rules = self.of_rules.iter().collect::<Vec<_>>();
        rules.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        rules.into_iter().flat_map(|(rule, (count, shown))| {
            std::iter::once(format!("{rule}: {count}")).chain(shown.iter().map(|shown| format!("  {shown}")))
        })
    }
}

/// What stands around the values of telling names: nobody is told of their places, so they are found by what takes the place of them.
fn named(text: &[u8]) -> Vec<String> {
    let mut masker = Masker::without_secrets(&Arc::new(Profile::new()), Content::Text);
    let mut out = Vec::new();
    masker.push(Bytes::copy_from_slice(text), &mut |clean| out.extend_from_slice(&clean));
    masker.finish(&mut |clean| out.extend_from_slice(&clean));
    let (out, text) = (String::from_utf8_lossy(&out).into_owned(), String::from_utf8_lossy(text).into_owned());
    let mut parts = out.split(MARKER);
    let mut at = parts.next().map_or(0, str::len);
    let mut shown = Vec::new();
    for part in parts {
        let rest = text.get(at..).unwrap_or_default();
        let behind = part.chars().take(AROUND).collect::<String>();
        let value = rest.find(&behind).unwrap_or(rest.len());
        let before = text.get(..at).unwrap_or_default().chars().rev().take(AROUND).collect::<Vec<_>>();
        let before = before.into_iter().rev().collect::<String>();
        let hidden = rest.get(..value).unwrap_or_default().chars().take(LENGTH_MAX).collect::<String>();
        shown.push(format!("{before}⟦{hidden}⟧{behind}"));
        at += value + part.len();
    }
    shown
}

fn around(text: &[u8], find: &Found) -> String {
    let end = find.end.min(find.start + LENGTH_MAX);
    let before = text.get(find.start.saturating_sub(AROUND)..find.start).unwrap_or_default();
    let after = text.get(end..text.len().min(end + AROUND)).unwrap_or_default();
    let shown = [before, "⟦".as_bytes(), text.get(find.start..end).unwrap_or_default(), "⟧".as_bytes(), after].concat();
    format!("{} {:?}", find.score, String::from_utf8_lossy(&shown))
}
