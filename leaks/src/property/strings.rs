//! The strings that an analyzer is shown: they can be taken out of any text, and what is put into their place stands where they stood.

use bytes::Bytes;
use redact::{Action, Class, Entity, Profile, Report, Span, Texts};
use serde_json::Value;

use super::Control;

/// What an analyzer says of each string.
const KIND: Entity = Entity::EmailAddress;

pub(super) fn check(input: &[u8]) {
    let Some((control, body)) = Control::of(input) else { return };
    let texts = || {
        let body = Bytes::copy_from_slice(body);
        if control.kind & 1 == 0 { Texts::of(body) } else { Texts::of_events(body) }
    };
    let shown = texts().shown().iter().map(|text| text.len()).collect::<Vec<_>>();
    let (profile, mut report) = (Profile::new(), Report::default());
    let nothing: Vec<Vec<Span>> = shown.iter().map(|_| Vec::new()).collect();
    let same = texts().mask(&nothing, &profile, &mut report);
    assert!(same.is_ok_and(|same| same == body), "nothing was found, and it is another text");
    assert!(report.is_empty());

    let profile = Profile::new().with_action(Class::Personal(KIND), Action::Mask).with_analyzed(Vec::new(), [KIND]);
    let all = shown
        .iter()
        .map(|length| Vec::from_iter((*length > 0).then_some(Span { start: 0, end: *length, entity: KIND })));
    let finds = all.clone().flatten().count() as u64;
    let marked = texts().mask(&all.collect::<Vec<_>>(), &profile, &mut report);
    assert_eq!(report.count(), finds, "each text is one find");
    let is_json = |text: &[u8]| serde_json::from_slice::<Value>(text).is_ok();
    assert!(
        !is_json(body) || control.kind & 1 == 1 || marked.is_ok_and(|marked| is_json(&marked)),
        "it was JSON, and is not"
    );
}
