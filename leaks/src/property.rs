//! What must hold of any bytes that an upstream sends: the same properties are fuzzed (`cargo xtask fuzz`) and tested on a few inputs.
//!
//! Each takes an input, of which the first bytes say how the rest is cut and looked at, and panics where it does not hold.

mod codings;
mod events;
mod masking;
mod strings;
mod views;

use std::{
    env, fs,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use secret::FingerprintSet;

use crate::{
    channel::{Channel, Planted},
    encoding::{Class, Encoding},
    in_process::fingerprints,
    random::Random,
    shape::Credential,
};

/// The secrets of all inputs, so that an input that was kept means the same in every run.
const SEED: u64 = 1;

/// Where [`write_seeds`] writes.
const SEEDS_FOLDER: &str = "CLAVIGER_FUZZ_SEEDS";

/// One property.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Its name, which is also that of its fuzz target.
    pub name: &'static str,
    /// Panics where it does not hold of these bytes.
    pub check: fn(&[u8]),
    /// Inputs to begin with: bodies of the corpus, behind bytes of control.
    pub seeds: fn(&mut Random) -> Vec<Vec<u8>>,
}

/// All of them.
pub const ALL: [Property; 5] = [
    Property { name: "content_codings", check: codings::check, seeds: codings::seeds },
    Property { name: "events", check: events::check, seeds: events::seeds },
    Property { name: "masker", check: masking::check, seeds: bodies },
    Property { name: "strings", check: strings::check, seeds: bodies },
    Property { name: "views", check: views::check, seeds: views::seeds },
];

impl Property {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|property| property.name == name)
    }
}

/// Writes the inputs with which a fuzzer begins into the folder that an environment variable names, where it does.
///
/// # Panics
/// When they cannot be written, or there is no property of this name.
pub fn write_seeds(name: &str) {
    let property = Property::named(name).unwrap_or_else(|| panic!("there is no property {name}"));
    let Some(folder) = env::var_os(SEEDS_FOLDER).map(PathBuf::from) else { return };
    for (number, seed) in (property.seeds)(&mut Random::new(SEED)).iter().enumerate() {
        let path = folder.join(format!("seed-{number}"));
        fs::write(&path, seed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Checks the property of a name, for a fuzz target.
///
/// # Panics
/// When it does not hold, or there is none of this name.
pub fn check(name: &str, input: &[u8]) {
    let property = Property::named(name).unwrap_or_else(|| panic!("there is no property {name}"));
    (property.check)(input);
}

/// What is looked for in all inputs: a secret of each shape.
static SECRETS: LazyLock<Arc<FingerprintSet>> =
    LazyLock::new(|| fingerprints(Credential::one_of_each(SEED).iter().map(Credential::text)));

/// How an input is cut: its first bytes, of which the last two are a seed.
#[derive(Debug, Clone, Copy)]
struct Control {
    kind: u8,
    options: u8,
    cuts: [u8; 2],
}

/// A body of less is cut into single bytes as well.
const SHORT: usize = 300;
/// The bytes of control.
const CONTROL_LENGTH: usize = 4;

impl Control {
    /// Splits an input.
    fn of(input: &[u8]) -> Option<(Self, &[u8])> {
        let ([kind, options, cuts @ ..], body) = input.split_first_chunk::<CONTROL_LENGTH>()?;
        Some((Self { kind: *kind, options: *options, cuts: *cuts }, body))
    }

    /// An input that is cut in some way.
    fn input(kind: u8, options: u8, random: &mut Random, body: &[u8]) -> Vec<u8> {
        let [cut, seed, ..] = random.next().to_le_bytes();
        [&[kind, options, cut, seed], body].concat()
    }

    /// Cuts a body: into single bytes, or into pieces of random lengths, most of them short.
    fn pieces(self, body: &[u8]) -> Vec<&[u8]> {
        let mut random = Random::new(u64::from(u16::from_le_bytes(self.cuts)));
        // Bytes one by one take a second for what is long, and a fuzzer learns from many inputs.
        let shortest = if body.len() < SHORT { 1 } else { 20 };
        let bound = [shortest, 7, 40, 700].get(random.below(4)).copied().unwrap_or(1).max(shortest);
        let (mut pieces, mut rest) = (Vec::new(), body);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + random.below(bound)).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces
    }
}

/// Bodies with a secret of the corpus: each encoding in some channel, with the bytes of control before it.
fn bodies(random: &mut Random) -> Vec<Vec<u8>> {
    let credentials = Credential::one_of_each(SEED);
    let channels = Channel::all().collect::<Vec<_>>();
    let mut bodies = Vec::new();
    for encoding in Encoding::all().filter(|encoding| encoding.class != Class::C && encoding.coding().is_none()) {
        let credential = credentials.get(random.below(credentials.len())).map_or("", Credential::text);
        let planted = Planted { encoded: encoding.write(credential.as_bytes()) };
        let reply = channels.get(random.below(channels.len()));
        let reply = reply.and_then(|channel| channel.reply(&planted, &serde_json::Value::from(1)));
        let Some(reply) = reply.filter(|reply| reply.place.is_some()) else { continue };
        let kind = match reply.content_type().unwrap_or_default() {
            "application/json" => 0,
            kind if kind.starts_with("text/event-stream") => 1,
            _ => 2,
        };
        let [options, ..] = random.next().to_le_bytes();
        bodies.push(Control::input(kind, options, random, &reply.body));
    }
    bodies
}
