//! What is looked for: each thing by itself, and all of it as the gateway does without a word of the operator.

use std::{error::Error, hint::black_box, sync::Arc};

use bytes::Bytes;
use redact::{Content, FingerprintSet, Masker, Personal, PersonalSettings, Profile, Shapes};
use secret::{FingerprintKey, Secret};
use zeroize::Zeroizing;

use crate::texts::{Text, mixed};

/// The gateway scans an answer whole up to here, and in pieces as they come beyond.
const WHOLE_BYTES_MAX: usize = 128 * 1024;
/// What a read of a fast upstream gives.
const PIECE_BYTES: usize = 64 * 1024;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing: the text is copied.
    Copy,
    Live(usize),
    Fields,
    Shapes,
    Personal,
    /// A thousand live secrets, named fields and shapes; what is clean is copied.
    Credentials,
    /// Personal data as well.
    All,
}

impl Look {
    pub(crate) const ALL: [Self; 9] = [
        Self::Copy,
        Self::Live(1),
        Self::Live(50),
        Self::Live(1000),
        Self::Fields,
        Self::Shapes,
        Self::Personal,
        Self::Credentials,
        Self::All,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Live(1) => "live_1",
            Self::Live(50) => "live_50",
            Self::Live(_) => "live_1000",
            Self::Fields => "fields",
            Self::Shapes => "shapes",
            Self::Personal => "personal",
            Self::Credentials => "credentials",
            Self::All => "all",
        }
    }
}

/// Everything that is made once and serves any number of bodies.
pub(crate) struct Scanner {
    live: [Arc<FingerprintSet>; 3],
    shapes: Arc<Shapes>,
    personal: Arc<Personal>,
    /// Only live secrets and named fields.
    fields: Arc<Profile>,
    credentials: Arc<Profile>,
    all: Arc<Profile>,
}

impl Scanner {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let live = [live(1)?, live(50)?, live(1000)?];
        // As without a word of the operator: personal data is counted, everything else masked.
        let personal =
            Arc::new(Personal::new(PersonalSettings { default_region: None, ..PersonalSettings::default() })?);
        let shapes = Shapes::built_in();
        let credentials = Profile::new().with_shapes(Arc::clone(&shapes));
        let all = credentials.clone().with_personal(Arc::clone(&personal));
        let (credentials, all) = (Arc::new(credentials), Arc::new(all));
        Ok(Self { live, shapes, personal, fields: Arc::new(Profile::new()), credentials, all })
    }

    /// Looks through a body once; what is clean goes to `copied` where the look copies.
    pub(crate) fn look(&self, look: Look, text: Text, body: &Bytes, copied: &mut Vec<u8>) {
        let [one, fifty, thousand] = &self.live;
        match look {
            Look::Copy => pieces(body, |piece| copy(&piece, copied)),
            // In binary content nothing but live secrets is looked for.
            Look::Live(1) => push(masker(one, &self.fields, Content::Binary), body, drop),
            Look::Live(50) => push(masker(fifty, &self.fields, Content::Binary), body, drop),
            Look::Live(_) => push(masker(thousand, &self.fields, Content::Binary), body, drop),
            Look::Fields => push(Masker::without_secrets(&self.fields, text.content()), body, drop),
            Look::Shapes => pieces(body, |piece| drop(black_box(self.shapes.all(&piece)))),
            Look::Personal => pieces(body, |piece| drop(black_box(self.personal.finds(&piece)))),
            Look::Credentials => {
                push(masker(thousand, &self.credentials, text.content()), body, |clean| copy(&clean, copied));
            }
            Look::All => push(masker(thousand, &self.all, text.content()), body, |clean| copy(&clean, copied)),
        }
    }

    /// Everything, as the gateway does it.
    pub(crate) fn masker(&self, content: Content) -> Masker {
        let [_, _, thousand] = &self.live;
        masker(thousand, &self.all, content)
    }
}

fn masker(live: &Arc<FingerprintSet>, profile: &Arc<Profile>, content: Content) -> Masker {
    Masker::new(Arc::clone(live), profile, content)
}

fn push(mut masker: Masker, body: &Bytes, mut clean: impl FnMut(Bytes)) {
    let mut out = |piece: Bytes| clean(black_box(piece));
    if is_whole(body) {
        masker.push_last(body.clone(), &mut out);
    } else {
        pieces(body, |piece| masker.push(piece, &mut out));
    }
    black_box(masker.finish(&mut out));
}

const fn is_whole(body: &Bytes) -> bool {
    body.len() <= WHOLE_BYTES_MAX
}

fn pieces(body: &Bytes, mut each: impl FnMut(Bytes)) {
    if is_whole(body) {
        return each(body.clone());
    }
    let mut rest = body.clone();
    while !rest.is_empty() {
        each(rest.split_to(PIECE_BYTES.min(rest.len())));
    }
}

/// Where copies go. It was written to, so that it is there.
pub(crate) fn copied() -> Vec<u8> {
    let mut copied = vec![1; WHOLE_BYTES_MAX];
    copied.clear();
    copied
}

/// Copies as a write to a connection does: into the same memory again and again.
fn copy(piece: &Bytes, copied: &mut Vec<u8>) {
    if copied.len() + piece.len() > WHOLE_BYTES_MAX {
        copied.clear();
    }
    copied.extend_from_slice(piece);
    black_box(copied);
}

/// Tokens that are in none of the texts.
pub(crate) fn live(count: usize) -> Result<Arc<FingerprintSet>, Box<dyn Error>> {
    let mut set = FingerprintSet::new(&FingerprintKey::random()?);
    for number in 0..count {
        set.add(&token(number as u64), u32::try_from(number)?)?;
    }
    Ok(Arc::new(set))
}

fn token(number: u64) -> Secret {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = mixed(number + 1);
    let drawn = (0..36).map(|_| {
        state = mixed(state + 1);
        char::from(digits[(state >> 32) as usize % digits.len()])
    });
    Secret::new(Zeroizing::new(format!("svc_{}", drawn.collect::<String>())))
}
