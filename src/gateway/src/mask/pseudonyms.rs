//! What takes the place of personal values in an answer, where the operator says that their callers get pseudonyms.

use bytes::Bytes;
use egress::Pseudonyms;
use redact::{Class, Masker, Substitute};

/// Has `masker` put pseudonyms where the profile says so.
pub(super) fn pseudonymizing(masker: Masker, pseudonyms: Option<Pseudonyms>) -> Masker {
    match pseudonyms {
        Some(pseudonyms) => masker.with_substitute(Box::new(Standing(pseudonyms))),
        None => masker,
    }
}

/// Keeps each value, and puts its pseudonym there.
struct Standing(Pseudonyms);

impl Substitute for Standing {
    fn substitute(&mut self, class: Class, value: &[u8]) -> Option<Bytes> {
        match class {
            Class::Personal(entity) => {
                let pseudonym = self.0.keep(entity.as_str(), value)?;
                Some(Bytes::copy_from_slice(pseudonym.as_str().as_bytes()))
            }
            // Where a secret may be written is not for a caller to choose.
            Class::LiveSecret | Class::NamedField | Class::IssuedToken | Class::Credential => None,
        }
    }
}
