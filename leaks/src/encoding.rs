//! The encodings in which an upstream may give a credential back: class A must be stopped, class B should be, class C cannot.

mod bases;
mod characters;
mod containers;
mod escapes;
mod rare;

pub(crate) use bases::{base64, base64url};
pub use containers::Coding;

/// What is expected of the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Must be stopped in every channel, however it is cut.
    A,
    /// Should be stopped; the rate is reported.
    B,
    /// Cannot be stopped by anything that looks at text; reported as such.
    C,
}

/// How a secret is written.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// As these bytes, wherever they fit.
    Inside(Writer),
    /// As itself, in a body that is compressed as a whole and says so.
    Coded(Coding),
}

/// What writes a secret in some way.
pub type Writer = fn(&[u8]) -> Vec<u8>;

/// One encoding.
#[derive(Debug, Clone, Copy)]
pub struct Encoding {
    /// Its name in reports and in the paths of requests.
    pub name: &'static str,
    /// What is expected.
    pub class: Class,
    /// How it is written.
    pub form: Form,
}

impl Encoding {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|encoding| encoding.name == name)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let class_a = [characters::CLASS_A, bases::CLASS_A, escapes::CLASS_A, containers::CLASS_A];
        let rows = class_a.into_iter().map(|rows| (Class::A, rows));
        let rows = rows.chain([(Class::B, rare::CLASS_B), (Class::C, rare::CLASS_C)]);
        let inside = rows.flat_map(|(class, rows)| {
            rows.iter().map(move |&(name, write)| Self { name, class, form: Form::Inside(write) })
        });
        let coded = Coding::ALL.map(|(name, coding)| Self { name, class: Class::A, form: Form::Coded(coding) });
        inside.chain(coded)
    }

    /// The secret as it stands in a place of the answer.
    #[must_use]
    pub fn write(&self, secret: &[u8]) -> Vec<u8> {
        match self.form {
            Form::Inside(write) => write(secret),
            Form::Coded(_) => secret.to_vec(),
        }
    }

    /// The coding of the whole body.
    #[must_use]
    pub const fn coding(&self) -> Option<Coding> {
        match self.form {
            Form::Inside(_) => None,
            Form::Coded(coding) => Some(coding),
        }
    }
}

/// A row of the tables: a name, and what writes a secret that way.
type Row = (&'static str, Writer);

/// Letters so many places on in their alphabet.
pub(crate) fn rotate(text: &[u8], places: u8) -> Vec<u8> {
    text.iter().map(|byte| characters::rotated(*byte, places)).collect()
}
