//! What becomes of texts with an analyzer that answers, is down, or says something else.

use redact::{Action, Class};

use super::{
    testing::{Manner, PERSON, Played, asking},
    *,
};

const TEXT: &str = "für Änn 😀 und Änn";

fn analysis(played: Played, action: Action) -> Analysis {
    let analyzer: Arc<dyn Analyze> = Arc::new(played);
    Analysis::over(Some(&analyzer), &Arc::new(asking(action))).expect("it is asked for persons")
}

async fn masked(played: Played, action: Action) -> Result<(String, Report), Unanalyzed> {
    let masked = analysis(played, action).mask(TEXT.into(), Texts::of(TEXT.into())).await;
    masked.map(|(text, report)| (String::from_utf8(text.to_vec()).unwrap(), report))
}

#[tokio::test]
async fn finds_are_masked_counted_or_refused_as_the_profile_says() {
    let (text, report) = masked(Played::FINDS, Action::Mask).await.unwrap();
    assert_eq!(
        (text.as_str(), report.count_of(Class::Personal(PERSON))),
        ("für (masked-person) 😀 und (masked-person)", 2)
    );
    let (text, report) = masked(Played::FINDS, Action::Detect).await.unwrap();
    assert_eq!((text.as_str(), report.detected().collect()), (TEXT, vec![(Class::Personal(PERSON), 2)]));
    let (_, report) = masked(Played::FINDS, Action::Block).await.unwrap();
    assert_eq!(report.blocked_by(), Some(Class::Personal(PERSON)));
}

#[tokio::test]
async fn what_nobody_looked_at_passes_only_where_that_is_said_or_changes_nothing() {
    let misplaces = Played { manner: Manner::Misplaces, ..Played::FINDS };
    for played in [Played::IS_DOWN, misplaces] {
        assert_eq!(masked(played, Action::Mask).await, Err(Unanalyzed::NoAnswer), "{played:?}");
        let passing = Played { passes: true, ..played };
        assert_eq!(masked(passing, Action::Block).await, Ok((TEXT.to_owned(), Report::default())), "{played:?}");
        assert_eq!(masked(played, Action::Detect).await, Ok((TEXT.to_owned(), Report::default())), "{played:?}");
    }
}

#[tokio::test]
async fn a_body_without_a_text_needs_no_analyzer() {
    let body = Bytes::from_static(b"{\"a\":[1,2,\"--\"]}");
    let masked = analysis(Played::IS_DOWN, Action::Mask).mask(body.clone(), Texts::of(body.clone())).await;
    assert_eq!(masked, Ok((body, Report::default())));
}

#[test]
fn what_is_too_long_is_no_text_to_analyze() {
    assert_eq!(analysis(Played::FINDS, Action::Mask).admits(4096), Ok(true));
    assert_eq!(analysis(Played::FINDS, Action::Mask).admits(4097), Err(Unanalyzed::TooLong));
    assert_eq!(analysis(Played { passes: true, ..Played::FINDS }, Action::Mask).admits(4097), Ok(false));
    assert_eq!(analysis(Played::FINDS, Action::Detect).admits(4097), Ok(false));
}

#[test]
fn a_profile_that_asks_for_nothing_needs_no_analyzer() {
    let analyzer: Arc<dyn Analyze> = Arc::new(Played::FINDS);
    assert!(Analysis::over(Some(&analyzer), &Arc::new(Profile::new())).is_none());
}
