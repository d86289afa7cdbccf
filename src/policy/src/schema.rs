//! The schema that every policy is checked against, written from the table of actions.

use std::{fmt::Write as _, sync::LazyLock};

use cedar_policy::{Schema, Validator};

use crate::{Action, action::ActionGroup, question::Kind};

/// Which attributes a record of the context has. `context.arguments` is open: its attributes are whatever the caller sends.
pub(crate) const PARTY_ATTRIBUTES: [&str; 2] = ["issuer", "id"];
/// The attributes of `context.http`.
pub(crate) const HTTP_ATTRIBUTES: [&str; 2] = ["method", "path"];

pub(crate) static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let (schema, _warnings) = Schema::from_cedarschema_str(&text())
        .expect("the text below is a schema, as every test that loads a policy shows");
    Validator::new(schema)
});

/// The schema in Cedar's own syntax. The arguments stand there as an empty record, because a strict schema has no open ones;
/// what that makes the validator say about a rule on arguments is left out by `load`.
fn text() -> String {
    let mut text = String::from("entity Group;\nentity Agent in [Group];\nentity Upstream;\n");
    let record = |names: [&str; 2]| names.map(|name| format!("{name}: String")).join(", ");
    for kind in [Kind::Tool, Kind::Resource, Kind::Prompt, Kind::Operation] {
        push(&mut text, format_args!("entity {} in [Upstream];\n", kind.as_str()));
    }
    push(&mut text, format_args!("type Party = {{ {} }};\n", record(PARTY_ATTRIBUTES)));
    for group in ActionGroup::ALL {
        push(&mut text, format_args!("action {:?};\n", group.as_str()));
    }
    for &action in Action::ALL {
        let kinds = action.kinds().iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        let is_http = action == Action::HttpRequest;
        let http = if is_http { format!(", http: {{ {} }}", record(HTTP_ATTRIBUTES)) } else { String::new() };
        push(
            &mut text,
            format_args!(
                "action {:?} in [Action::{:?}] appliesTo {{ principal: [Agent], resource: [{kinds}], \
                 context: {{ arguments: {{}}, subject: Party, actor?: Party{http} }} }};\n",
                action.as_str(),
                action.group().as_str(),
            ),
        );
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing to a string cannot fail");
}
