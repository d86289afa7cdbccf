//! Counts what became of the cases, by each dimension.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{corpus::Case, encoding::Class, judge::Verdict, shape::Credential};

/// Cases that are named in a report.
const NAMED_MAX: usize = 40;

/// Verdicts and how often each was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// A marker arrived, and nothing of the secret.
    pub masked: u64,
    /// Refused or cut.
    pub refused: u64,
    /// The place of the secret did not arrive.
    pub dropped: u64,
    /// Arrived without a marker.
    pub unscanned: u64,
    /// Readable.
    pub leaked: u64,
}

impl Counts {
    const fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Masked => self.masked += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::Dropped => self.dropped += 1,
            Verdict::Unscanned => self.unscanned += 1,
            Verdict::Leaked => self.leaked += 1,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.masked + self.refused + self.dropped + self.unscanned + self.leaked
    }

    /// Those that came through.
    #[must_use]
    pub const fn passed(&self) -> u64 {
        self.unscanned + self.leaked
    }
}

/// What became of the cases of a run.
#[derive(Debug, Default)]
pub struct Tally {
    classes: BTreeMap<Class, Counts>,
    encodings: BTreeMap<(Class, &'static str), Counts>,
    channels: BTreeMap<&'static str, Counts>,
    splits: BTreeMap<String, Counts>,
    shapes: BTreeMap<&'static str, Counts>,
    /// Names of cases of class A that came through.
    passed: Vec<String>,
}

impl Tally {
    /// Counts one case.
    pub fn add(&mut self, case: &Case, credentials: &[Credential], verdict: Verdict) {
        let class = case.encoding.class;
        self.classes.entry(class).or_default().add(verdict);
        self.encodings.entry((class, case.encoding.name)).or_default().add(verdict);
        if class != Class::A {
            return;
        }
        self.channels.entry(case.channel.name).or_default().add(verdict);
        self.splits.entry(case.split.name()).or_default().add(verdict);
        let shape = credentials.get(case.credential).map_or("unknown", |credential| credential.shape().as_str());
        self.shapes.entry(shape).or_default().add(verdict);
        if !verdict.is_stopped() {
            self.passed.push(format!("{verdict:?}: {}", case.id()));
        }
    }

    /// Adds another one's.
    pub fn merge(&mut self, other: Self) {
        fn sum<K: Ord>(into: &mut BTreeMap<K, Counts>, from: BTreeMap<K, Counts>) {
            for (key, counts) in from {
                let sum = into.entry(key).or_default();
                sum.masked += counts.masked;
                sum.refused += counts.refused;
                sum.dropped += counts.dropped;
                sum.unscanned += counts.unscanned;
                sum.leaked += counts.leaked;
            }
        }
        sum(&mut self.classes, other.classes);
        sum(&mut self.encodings, other.encodings);
        sum(&mut self.channels, other.channels);
        sum(&mut self.splits, other.splits);
        sum(&mut self.shapes, other.shapes);
        self.passed.extend(other.passed);
    }

    /// The cases of class A that came through.
    #[must_use]
    pub fn passed(&self) -> &[String] {
        &self.passed
    }

    /// What became of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> Counts {
        self.classes.get(&class).copied().unwrap_or_default()
    }

    /// How many encodings of class A, channels, splits and shapes were run.
    #[must_use]
    pub fn dimensions(&self) -> [usize; 4] {
        let encodings = self.encodings.keys().filter(|(class, _)| *class == Class::A).count();
        [encodings, self.channels.len(), self.splits.len(), self.shapes.len()]
    }

    /// The figures, for a person.
    #[must_use]
    pub fn report(&self) -> String {
        let mut out = String::new();
        let [encodings, channels, splits, shapes] = self.dimensions();
        let all = self.of(Class::A);
        line(
            &mut out,
            format_args!(
                "class A: {} cases ({encodings} encodings, {channels} channels, {splits} splits, {shapes} shapes): {} leaked, {} \
                 unscanned, {} masked, {} refused, {} dropped",
                all.total(),
                all.leaked,
                all.unscanned,
                all.masked,
                all.refused,
                all.dropped
            ),
        );
        for class in [Class::A, Class::B, Class::C] {
            let rows = self.encodings.iter().filter(|((of, _), _)| *of == class);
            table(&mut out, &format!("encoding, class {class:?}"), rows.map(|((_, name), counts)| (*name, *counts)));
        }
        table(&mut out, "channel", self.channels.iter().map(|(name, counts)| (*name, *counts)));
        table(&mut out, "split", self.splits.iter().map(|(name, counts)| (name.as_str(), *counts)));
        table(&mut out, "shape", self.shapes.iter().map(|(name, counts)| (*name, *counts)));
        let mut passed = self.passed.clone();
        // What the judge cannot read is the more surprising.
        passed.sort_by_key(|id| std::cmp::Reverse(id.starts_with("Unscanned")));
        for id in passed.iter().take(NAMED_MAX) {
            line(&mut out, format_args!("{id}"));
        }
        out
    }
}

fn table<'name>(out: &mut String, title: &str, rows: impl Iterator<Item = (&'name str, Counts)>) {
    line(out, format_args!(""));
    line(
        out,
        format_args!(
            "{title:<28} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8}",
            "cases", "leaked", "unscanned", "masked", "refused", "dropped"
        ),
    );
    for (name, counts) in rows {
        let Counts { masked, refused, dropped, unscanned, leaked } = counts;
        let total = counts.total();
        line(
            out,
            format_args!("{name:<28} {total:>8} {leaked:>8} {unscanned:>9} {masked:>8} {refused:>8} {dropped:>8}"),
        );
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a text does not fail.
    let _written = writeln!(out, "{text}");
}
