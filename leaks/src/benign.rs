//! Traffic that holds no secret: it must come out as it went in, and little of it may be taken for something else.

mod finds;
mod generated;
mod kind;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use redact::{Class, Content, Masker, Personal, PersonalSettings, Profile, Report, Shapes};
use secret::FingerprintSet;

use self::{finds::Finds, generated::GENERATED, kind::Kind};
use crate::{in_process::fingerprints, random::Random, shape::Shape};

/// Live secrets that are looked for.
pub const SECRETS: usize = 50;
/// How much of a file is read: more of the same tells nothing new.
const FILE_BYTES_MAX: usize = 8 << 20;
/// How much is shown of what was changed, before and twice behind: it holds no secret.
const SHOWN: usize = 40;
/// As a proxy reads.
const CHUNK: usize = 16 << 10;
/// One generated text of each kind for so many bytes of files.
const GENERATED_EVERY: u64 = 32 << 20;
/// The length of one generated text.
const GENERATED_LENGTH: usize = 1 << 20;
/// Every so many-th file of text is also looked at as the answer of a tool, and as a stream of events.
const WRAPPED_EVERY: u64 = 4;

/// What came of one kind of traffic.
#[derive(Debug, Clone, Default)]
struct Outcome {
    /// How many files and generated texts.
    texts: u64,
    /// How much was looked at.
    bytes: u64,
    /// Texts of which one byte or more came out differently with live secrets alone.
    changed: u64,
    /// Finds of live secrets.
    live: u64,
    /// Finds of other classes, where those are looked for.
    others: BTreeMap<Class, u64>,
}

/// What came of all.
#[derive(Debug)]
pub struct Benign {
    kinds: BTreeMap<Kind, Outcome>,
    secrets: Arc<FingerprintSet>,
    profile: Arc<Profile>,
    finds: Finds,
    /// The first texts that were changed.
    changed: Vec<String>,
}

/// Sends files below these folders, and generated texts, through the scanner until it has seen so many bytes. Of each rule that found
/// something, so many finds are shown.
#[must_use]
pub fn run(seed: u64, folders: &[PathBuf], bytes_max: u64, shown: usize) -> Benign {
    let mut random = Random::new(seed);
    let mut benign = Benign::new(&mut random, shown);
    let mut generated = 0;
    let mut seen = BTreeSet::new();
    // Each folder has its share, so that no kind of traffic drives out the others; what one lacks, generated texts make up for.
    for (number, folder) in (1..).zip(folders) {
        let share = bytes_max * number / folders.len() as u64;
        each_file(folder, &mut seen, &mut |path| {
            if let Ok(mut bytes) = fs::read(path) {
                bytes.truncate(FILE_BYTES_MAX);
                benign.look_at_file(path, bytes, &mut random);
            }
            if benign.bytes() / GENERATED_EVERY > generated {
                generated += 1;
                benign.look_at_generated(&mut random);
            }
            benign.bytes() < share
        });
    }
    while benign.bytes() < bytes_max {
        benign.look_at_generated(&mut random);
    }
    benign
}

/// A generated text of each kind, of about some length, with its media type.
#[must_use]
pub fn samples(seed: u64, length: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Random::new(seed);
    GENERATED.iter().map(|(kind, make)| (kind.media_type(), make(&mut random, length))).collect()
}

/// A text as an answer of a tool and as a stream of events, with their media types.
#[must_use]
pub fn wrapped(text: &str) -> [(&'static str, Vec<u8>); 2] {
    let (result, events) = (generated::tool_result(text), generated::events(text));
    [(Kind::ToolResult.media_type(), result.into_bytes()), (Kind::Events.media_type(), events.into_bytes())]
}

impl Benign {
    fn new(random: &mut Random, shown: usize) -> Self {
        let shapes = Shape::ALL.iter().cycle().take(SECRETS);
        let secrets = shapes.map(|shape| shape.make(random).text().to_owned()).collect::<Vec<_>>();
        let personal = Personal::new(PersonalSettings::default()).unwrap_or_else(|error| panic!("{error}"));
        let personal = Arc::new(personal);
        let profile = Profile::new().with_shapes(Shapes::built_in()).with_personal(Arc::clone(&personal));
        Self {
            kinds: BTreeMap::new(),
            secrets: fingerprints(secrets.iter().map(String::as_str)),
            profile: Arc::new(profile),
            finds: Finds::new(personal, shown),
            changed: Vec::new(),
        }
    }

    /// How much was looked at.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kinds.values().map(|kind| kind.bytes).sum()
    }

    /// Finds of live secrets in texts that hold none, and texts that came out differently.
    #[must_use]
    pub fn live(&self) -> u64 {
        self.kinds.values().map(|kind| kind.live + kind.changed).sum()
    }

    /// The figures, for a person: a table in Markdown, texts that were changed, and finds.
    #[must_use]
    pub fn report(&self) -> String {
        let mut lines = table::of(&self.kinds);
        lines.extend(self.changed.iter().map(|name| format!("changed: {name}")));
        lines.extend(self.finds.lines());
        lines.join("\n")
    }

    fn look_at_file(&mut self, path: &Path, bytes: Vec<u8>, random: &mut Random) {
        let (kind, name) = (Kind::of(path, &bytes), path.display().to_string());
        if kind.is_written_by_people()
            && random.next().is_multiple_of(WRAPPED_EVERY)
            && let Ok(text) = str::from_utf8(&bytes)
        {
            self.look(Kind::ToolResult, &name, generated::tool_result(text).into_bytes());
            self.look(Kind::Events, &name, generated::events(text).into_bytes());
        }
        self.look(kind, &name, bytes);
    }

    /// Twice: for live secrets alone, which must change nothing; and for all that is looked for in text.
    fn look(&mut self, kind: Kind, name: &str, bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        let differs = self.look_for_secrets(kind, &bytes);
        if let Some(differs) = differs {
            let shown = bytes.slice(differs.saturating_sub(SHOWN)..bytes.len().min(differs + 2 * SHOWN));
            self.changed.push(format!("{name} at {differs}: {:?}", String::from_utf8_lossy(&shown)));
        }
        let content = kind.content();
        if content == Content::Binary {
            return;
        }
        let report = masked(Masker::without_secrets(&self.profile, content), &bytes, &mut |_| {});
        let outcome = self.kinds.entry(kind).or_default();
        for (class, count) in report.classes().chain(report.detected()) {
            *outcome.others.entry(class).or_default() += count;
        }
        self.finds.look(kind, name, &bytes);
    }

    /// Where the first byte is that came out differently.
    fn look_for_secrets(&mut self, kind: Kind, bytes: &Bytes) -> Option<usize> {
        let masker = Masker::new(Arc::clone(&self.secrets), &Arc::new(Profile::new()), Content::Binary);
        let (mut at, mut differs) = (0, None);
        let report = masked(masker, bytes, &mut |clean| {
            let same = bytes.iter().skip(at).zip(&clean).take_while(|(one, other)| one == other).count();
            if same < clean.len() {
                differs.get_or_insert(at + same);
            }
            at += clean.len();
        });
        if at != bytes.len() {
            differs.get_or_insert(at.min(bytes.len()));
        }
        let outcome = self.kinds.entry(kind).or_default();
        outcome.texts += 1;
        outcome.bytes += bytes.len() as u64;
        outcome.live += report.count_of(Class::LiveSecret);
        outcome.changed += u64::from(differs.is_some());
        differs
    }

    fn look_at_generated(&mut self, random: &mut Random) {
        for (kind, make) in GENERATED {
            self.look(kind, "generated", make(random, GENERATED_LENGTH));
        }
    }
}

/// Sends a body through a masker in the pieces of a proxy.
fn masked(mut masker: Masker, bytes: &Bytes, out: &mut impl FnMut(Bytes)) -> Report {
    for start in (0..bytes.len()).step_by(CHUNK) {
        masker.push(bytes.slice(start..bytes.len().min(start + CHUNK)), out);
    }
    masker.finish(out)
}

/// Every file below a folder, in the order of names and each once, until `go_on` says no.
fn each_file(folder: &Path, seen: &mut BTreeSet<PathBuf>, go_on: &mut impl FnMut(&Path) -> bool) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    let mut paths = entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    paths.sort();
    paths.into_iter().all(|path| match path.symlink_metadata() {
        Ok(about) if about.is_dir() => each_file(&path, seen, go_on),
        Ok(about) if about.is_file() && !seen.contains(&path) => {
            let goes_on = go_on(&path);
            seen.insert(path);
            goes_on
        }
        _ => true,
    })
}
