//! Traffic that holds no secret: it must come out as it went in.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use redact::{Class, Content, Masker, Profile};
use secret::FingerprintSet;

use crate::{encoding::Coding, in_process::fingerprints, random::Random, shape::Shape};

/// Live secrets that are looked for.
pub const SECRETS: usize = 50;
/// How much of a file is read: more of the same tells nothing new.
const FILE_BYTES_MAX: usize = 8 << 20;
/// How much is shown of what was changed, before and twice behind: it holds no secret.
const SHOWN: usize = 40;
/// As a proxy reads.
const CHUNK: usize = 16 << 10;
/// One generated text of each kind for so many bytes of files.
const GENERATED_EVERY: u64 = 16 << 20;
/// The length of one generated text.
const GENERATED_LENGTH: usize = 1 << 20;

/// What came of one kind of traffic.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    /// How much was looked at.
    pub bytes: u64,
    /// Texts of which one byte or more came out differently with live secrets alone, and how often that was a find.
    pub changed: u64,
    /// Finds of live secrets.
    pub live: u64,
    /// Finds of other classes, where those are looked for as well.
    pub others: BTreeMap<Class, u64>,
}

/// What came of all.
#[derive(Debug, Default)]
pub struct Benign {
    kinds: BTreeMap<String, Kind>,
    /// The first texts that were changed.
    pub changed: Vec<String>,
}

/// Sends files below these folders, and generated texts, through the scanner until it has seen so many bytes.
#[must_use]
pub fn run(seed: u64, folders: &[PathBuf], bytes_max: u64) -> Benign {
    let mut random = Random::new(seed);
    let shapes = Shape::ALL.iter().cycle().take(SECRETS);
    let secrets = shapes.map(|shape| shape.make(&mut random).text().to_owned()).collect::<Vec<_>>();
    let secrets = fingerprints(secrets.iter().map(String::as_str));
    let mut benign = Benign::default();
    let mut generated = 0;
    // Each folder has its share, so that no kind of traffic drives out the others; what one lacks, generated texts make up for.
    for (number, folder) in (1..).zip(folders) {
        let share = bytes_max * number / folders.len() as u64;
        each_file(folder, &mut |path| {
            if let Ok(mut bytes) = fs::read(path) {
                bytes.truncate(FILE_BYTES_MAX);
                benign.look(&secrets, &kind_of(path), &path.display().to_string(), bytes);
            }
            if benign.bytes() / GENERATED_EVERY > generated {
                generated += 1;
                benign.look_at_generated(&secrets, &mut random);
            }
            benign.bytes() < share
        });
    }
    while benign.bytes() < bytes_max {
        benign.look_at_generated(&secrets, &mut random);
    }
    benign
}

impl Benign {
    /// How much was looked at.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kinds.values().map(|kind| kind.bytes).sum()
    }

    /// Finds of live secrets in texts that hold none.
    #[must_use]
    pub fn live(&self) -> u64 {
        self.kinds.values().map(|kind| kind.live + kind.changed).sum()
    }

    /// The figures, for a person.
    #[must_use]
    pub fn report(&self) -> String {
        let mut lines =
            vec![format!("{:<10} {:>10} {:>8} {:>6}  others by class, per MiB", "kind", "MiB", "changed", "live")];
        for (name, kind) in &self.kinds {
            let mebibytes = kind.bytes as f64 / f64::from(1 << 20);
            let others =
                kind.others.iter().map(|(class, count)| format!("{} {:.3}", class.as_str(), *count as f64 / mebibytes));
            let others = others.collect::<Vec<_>>().join(", ");
            lines.push(format!("{name:<10} {mebibytes:>10.1} {:>8} {:>6}  {others}", kind.changed, kind.live));
        }
        lines.extend(self.changed.iter().map(|name| format!("changed: {name}")));
        lines.join("\n")
    }

    /// Twice: for live secrets alone, which must change nothing; and for all that is looked for in text.
    fn look(&mut self, secrets: &Arc<FingerprintSet>, kind: &str, name: &str, bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        let of_kind = self.kinds.entry(kind.to_owned()).or_default();
        of_kind.bytes += bytes.len() as u64;
        let mut at = 0;
        let mut differs = None;
        let mut masker = Masker::new(Arc::clone(secrets), &Arc::new(Profile::new()), Content::Binary);
        let mut out = |clean: Bytes| {
            let same = bytes.iter().skip(at).zip(&clean).take_while(|(one, other)| one == other).count();
            if same < clean.len() {
                differs.get_or_insert(at + same);
            }
            at += clean.len();
        };
        for start in (0..bytes.len()).step_by(CHUNK) {
            masker.push(bytes.slice(start..bytes.len().min(start + CHUNK)), &mut out);
        }
        of_kind.live += masker.finish(&mut out).count_of(Class::LiveSecret);
        if at != bytes.len() {
            differs.get_or_insert(at.min(bytes.len()));
        }
        if let Some(differs) = differs {
            of_kind.changed += 1;
            let shown = bytes.slice(differs.saturating_sub(SHOWN)..bytes.len().min(differs + 2 * SHOWN));
            self.changed.push(format!("{name} at {differs}: {:?}", String::from_utf8_lossy(&shown)));
        }
        let content = Content::of(content_type(kind));
        if content == Content::Binary {
            return;
        }
        let mut masker = Masker::without_secrets(&Arc::new(Profile::new()), content);
        for start in (0..bytes.len()).step_by(CHUNK) {
            masker.push(bytes.slice(start..bytes.len().min(start + CHUNK)), &mut |_| {});
        }
        let report = masker.finish(&mut |_| {});
        for (class, count) in report.classes() {
            *of_kind.others.entry(class).or_default() += count;
        }
    }

    fn look_at_generated(&mut self, secrets: &Arc<FingerprintSet>, random: &mut Random) {
        for (kind, make) in GENERATED {
            self.look(secrets, kind, "generated", make(random));
        }
    }
}

type Generated = (&'static str, fn(&mut Random) -> Vec<u8>);

/// What no folder holds enough of: messages and events full of identifiers, pictures, archives.
const GENERATED: [Generated; 5] = [
    ("json", |random| filled(random, |random| format!("{{{}}},\n", members(random)).into_bytes())),
    ("sse", |random| {
        filled(random, |random| format!("event: message\ndata: {{{}}}\n\n", members(random)).into_bytes())
    }),
    ("log", |random| {
        filled(random, |random| {
            let id = random.text(b"0123456789abcdef", 32);
            let port = random.below(65_536);
            format!(
                "2026-05-0{}T10:{:02}:07Z INFO 10.0.3.7:{port} trace={id} GET /items\n",
                random.below(9),
                random.below(60)
            )
            .into_bytes()
        })
    }),
    ("image", |random| filled(random, |random| random.next().to_le_bytes().to_vec())),
    ("archive", |random| {
        let texts = filled(random, |random| format!("{}\n", members(random)).into_bytes());
        Coding::Gzip.encode(&texts)
    }),
];

fn members(random: &mut Random) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (id, digest, etag) = (random.text(letters, 22), random.text(b"0123456789abcdef", 64), random.text(letters, 43));
    let (number, price) = (random.next(), random.below(1_000_000));
    format!("\"id\":\"{id}\",\"digest\":\"sha256:{digest}\",\"etag\":\"{etag}\",\"number\":{number},\"price\":{price}")
}

fn filled(random: &mut Random, make: impl Fn(&mut Random) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(GENERATED_LENGTH + 512);
    while out.len() < GENERATED_LENGTH {
        out.extend(make(random));
    }
    out
}

fn kind_of(path: &Path) -> String {
    let kind = match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "json" | "map" | "lock" => "json",
        "html" | "htm" | "xml" | "svg" => "html",
        "md" | "txt" | "rst" | "tex" | "adoc" => "document",
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "ico" => "image",
        "gz" | "zip" | "tgz" | "xz" | "bz2" | "zst" | "crate" | "whl" | "jar" => "archive",
        "log" => "log",
        "rs" | "c" | "h" | "js" | "ts" | "mjs" | "cjs" | "py" | "go" | "S" | "s" | "toml" | "css" | "sh" | "pl" => {
            "source"
        }
        _ => "other",
    };
    kind.to_owned()
}

fn content_type(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "json" => "application/json",
        "html" => "text/html",
        "sse" => "text/event-stream",
        "document" | "log" | "source" => "text/plain",
        _ => "application/octet-stream",
    })
}

/// Every file below a folder, in the order of names, until `go_on` says no.
fn each_file(folder: &Path, go_on: &mut impl FnMut(&Path) -> bool) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    let mut paths = entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    paths.sort();
    paths.iter().all(|path| match path.symlink_metadata() {
        Ok(about) if about.is_dir() => each_file(path, go_on),
        Ok(about) if about.is_file() => go_on(path),
        _ => true,
    })
}
