//! Masks the value of one header or trailer field.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use secret::FingerprintSet;

use crate::class::Class;
use crate::content::Content;
use crate::marker::MARKER;
use crate::masker::Masker;
use crate::names::is_secret_name;
use crate::profile::Profile;
use crate::report::Report;
use crate::view::holds_secret;

/// Nothing that a recognizer finds is shorter.
const SHAPE_LENGTH_MIN: usize = 6;

/// The value as it may be passed on. A field of a telling name loses its whole value if that is not allowed, any other what is recognized
/// in it.
#[must_use]
pub fn mask_header<'value>(
    secrets: &Arc<FingerprintSet>,
    profile: &Arc<Profile>,
    name: &str,
    value: &'value [u8],
    report: &mut Report,
) -> Cow<'value, [u8]> {
    if value.is_empty() {
        return Cow::Borrowed(value);
    }
    if is_secret_name(name.as_bytes()) && !profile.allows(Class::NamedField, value) {
        report.note(Class::NamedField);
        return Cow::Borrowed(MARKER.as_bytes());
    }
    // Without a separator there is no field in it, and most values hold nothing.
    let may_have_shape = !profile.recognizers().is_empty() && value.len() >= SHAPE_LENGTH_MIN;
    if !may_have_shape && memchr::memchr2(b':', b'=', value).is_none() && !holds_secret(secrets, value) {
        return Cow::Borrowed(value);
    }
    let mut masked = Vec::with_capacity(value.len());
    let mut masker = Masker::new(Arc::clone(secrets), profile, Content::Text);
    let mut out = |clean: Bytes| masked.extend_from_slice(&clean);
    masker.push(Bytes::copy_from_slice(value), &mut out);
    let found = masker.finish(&mut out);
    report.merge(&found);
    if found.count() == 0 { Cow::Borrowed(value) } else { Cow::Owned(masked) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secret::{FingerprintKey, Secret};
    use zeroize::Zeroizing;

    #[test]
    fn a_header_loses_secrets_and_keeps_the_rest() {
        let canary = "Zr9kQ2vB7xLm4Tn8pWc1";
        let mut set = FingerprintSet::new(&FingerprintKey::random().unwrap());
        set.add(&Secret::new(Zeroizing::new(canary.to_owned())), 7).unwrap();
        let set = Arc::new(set);
        for (name, value, expected, classes) in [
            ("etag", "\"abc\"", "\"abc\"", vec![]),
            ("location", "https://h/cb?state=1", "https://h/cb?state=1", vec![]),
            (
                "location",
                "https://h/cb?access_token=abc1&x=2",
                "https://h/cb?access_token=(masked-secret)&x=2",
                vec![Class::NamedField],
            ),
            ("x-debug", &format!("key {canary}."), "key (masked-secret).", vec![Class::LiveSecret]),
            ("authorization", "Bearer abc", MARKER, vec![Class::NamedField]),
            ("x-api-key", "", "", vec![]),
        ] {
            let mut report = Report::default();
            let masked = mask_header(&set, &Arc::new(Profile::new()), name, value.as_bytes(), &mut report);
            assert_eq!(
                (str::from_utf8(&masked).unwrap(), report.classes().map(|(class, _)| class).collect::<Vec<_>>()),
                (expected, classes),
                "{name}: {value}"
            );
        }
    }
}
