//! The whole masker: any cut of any body gives the same output and the same report, and a body in which nothing was found comes out as it
//! went in.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use redact::{Action, Class, Content, Masker, Personal, PersonalSettings, Profile, Report, Shapes, Substitute};

use super::{Control, SECRETS};

/// Shapes are looked for.
const SHAPES: u8 = 1;
/// Personal data is looked for.
const PERSONAL: u8 = 1 << 1;
/// Tokens are taken out and stood for.
const ISSUED: u8 = 1 << 2;
/// What is found is counted and left.
const DETECTING: u8 = 1 << 3;
/// Between pieces the stream is said to end a message, or to be quiet.
const INTERRUPTED: u8 = 1 << 4;

/// How much is shown before and behind a difference.
const SHOWN: usize = 80;

pub(super) fn check(input: &[u8]) {
    let Some((control, body)) = Control::of(input) else { return };
    let (whole, report) = masked(control, [body].into_iter());
    let (in_pieces, report_of_pieces) = masked(control, control.pieces(body).into_iter());
    same(&whole, &in_pieces);
    assert_eq!(report, report_of_pieces, "a cut changes what is found");
    if report.count() == 0 {
        assert!(whole == body, "nothing was found, and it is another text");
    }
    if control.options & INTERRUPTED != 0 {
        interrupt(control, body);
    }
}

/// Says where two outputs begin to differ.
fn same(whole: &[u8], in_pieces: &[u8]) {
    let at = whole.iter().zip(in_pieces).take_while(|(one, other)| one == other).count();
    if at < whole.len().max(in_pieces.len()) {
        let shown = |text: &[u8]| {
            let text = text.get(at.saturating_sub(SHOWN)..text.len().min(at + SHOWN)).unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        };
        panic!("a cut changes what comes out at {at}:\n{:?}\n{:?}", shown(whole), shown(in_pieces));
    }
}

/// Where a message ends or a stream pauses, what comes out may depend on it; but nothing of a clean body is lost or turned around.
fn interrupt(control: Control, body: &[u8]) {
    let mut masker = masker(control);
    let mut arrived = Vec::new();
    for (number, piece) in control.pieces(body).into_iter().enumerate() {
        let mut out = |clean: Bytes| arrived.extend_from_slice(&clean);
        masker.push(Bytes::copy_from_slice(piece), &mut out);
        match number % 5 {
            1 => masker.pause(&mut out),
            3 => masker.boundary(&mut out),
            _ => {}
        }
    }
    let report = masker.finish(&mut |clean| arrived.extend_from_slice(&clean));
    if report.count() == 0 {
        assert!(arrived == body, "nothing was found, and it is another text");
    }
}

fn masked<'piece>(control: Control, pieces: impl Iterator<Item = &'piece [u8]>) -> (Vec<u8>, Report) {
    let mut masker = masker(control);
    let mut arrived = Vec::new();
    let mut out = |clean: Bytes| arrived.extend_from_slice(&clean);
    for piece in pieces {
        masker.push(Bytes::copy_from_slice(piece), &mut out);
    }
    let report = masker.finish(&mut out);
    (arrived, report)
}

fn masker(control: Control) -> Masker {
    let content = match control.kind % 4 {
        0 => Content::Json,
        1 => Content::Events,
        2 => Content::Text,
        _ => Content::Binary,
    };
    let profile = PROFILES.get(usize::from(control.options & (SHAPES | PERSONAL | DETECTING)));
    let masker = Masker::new(Arc::clone(&SECRETS), profile.unwrap_or(&Arc::default()), content);
    if control.options & ISSUED == 0 { masker } else { masker.with_issued(Box::new(Handles(0))) }
}

/// For each set of options one; the tables behind them are shared.
static PROFILES: LazyLock<Vec<Arc<Profile>>> = LazyLock::new(|| {
    let personal = Personal::new(PersonalSettings::default()).ok().map(Arc::new);
    let personal = personal.as_ref();
    let profile = |options: u8| {
        let mut profile = Profile::new();
        if options & SHAPES != 0 {
            profile = profile.with_shapes(Shapes::built_in());
        }
        if let Some(personal) = personal.filter(|_| options & PERSONAL != 0) {
            profile = profile.with_personal(Arc::clone(personal));
        }
        let action = if options & DETECTING == 0 { Action::Mask } else { Action::Detect };
        let kinds = redact::Entity::ALL.iter().map(|entity| Class::Personal(*entity));
        let classes = kinds.chain([Class::NamedField, Class::Credential]);
        Arc::new(classes.fold(profile, |profile, class| profile.with_action(class, action)))
    };
    (0..=SHAPES | PERSONAL | DETECTING | ISSUED).map(profile).collect()
});

/// Numbers what it is offered.
struct Handles(u64);

impl Substitute for Handles {
    fn substitute(&mut self, _class: Class, value: &[u8]) -> Option<Bytes> {
        self.0 += 1;
        (value.len() >= 8).then(|| Bytes::from(format!("handle-{}", self.0)))
    }
}
