//! The scanner: finds secrets and personal data in a stream of bytes, and does with them what a [`Profile`] says.
//!
//! Stages run one after the other over each body: tokens that an upstream issues; live secrets, by their fingerprints, as the text stands
//! and in views of it with escapes and separators undone; values of fields whose name says that they are secret; and what recognizers find
//! by its shape, credentials ([`Shapes`]) and personal data ([`Personal`]). State is carried from chunk to chunk, so that it does not
//! matter where the upstream cuts its answer and how long it is; clean bytes are passed on without a copy.
//!
//! Out of scope: transport (the caller asks for no content coding and refuses what [`Decoder`] cannot undo), choosing which headers
//! may pass at all, and texts that an upstream hides on purpose: encryption, pieces shorter than a window, encodings not listed.

mod analyzed;
mod bare;
mod class;
mod content;
mod decode;
mod entity;
mod fields;
mod headers;
mod issued;
mod keys;
mod live;
mod marker;
mod masker;
mod names;
mod observe;
mod pending;
mod personal;
mod profile;
mod recognizer;
mod report;
mod separators;
mod shapes;
mod spans;
mod substitute;
mod view;

pub use analyzed::{Misplaced, Span, Texts};
pub use class::Class;
pub use content::Content;
pub use decode::{Decoder, Unscannable};
pub use entity::Entity;
pub use headers::mask_header;
pub use marker::MARKER;
pub use masker::Masker;
pub use names::is_secret_name;
pub use observe::{Finding, Observe};
pub use personal::{Addresses, InvalidPersonalSettings, OwnPattern, Personal, PersonalSettings};
pub use profile::{Action, Allowed, Profile};
pub use recognizer::Found;
pub use report::Report;
pub use secret::FingerprintSet;
pub use shapes::{Checksum, PatternError, Rule, RuleError, Rules, Shapes};
pub use substitute::Substitute;
pub use view::holds_secret;
