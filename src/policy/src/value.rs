//! The circumstances of a call as a Cedar context: exactly, or not at all.
//!
//! Strings, booleans, whole numbers of 64 bits, arrays (as sets) and objects (as records) have a value in Cedar. `null`, fractions
//! and larger numbers have none that compares as a policy's author would expect, so a rule that looks at one denies; a number
//! such as `5.0` is the whole number 5. Members that no rule looks at are not read.

use cedar_policy::{Context as CedarContext, RestrictedExpression};
use serde_json::{Map, Number, Value};

use crate::{
    Arguments, Context,
    looks::{ArgumentLooks, Looks},
};

/// How deep a value may nest; Cedar compares values by recursion.
const DEPTH_MAX: usize = 32;
/// How many values the arguments of one call may hold where rules look at them: about a millisecond of conversion.
const VALUES_MAX: usize = 4096;
/// Up to here every whole number has its own double, so that one written as `1e3` is that number.
const EXACT_DOUBLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Why there is no context.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The member of that name has no exact value.
    Member(String),
    /// The arguments as a whole cannot be read.
    Arguments,
}

/// What the rules look at, and nothing else.
///
/// # Errors
/// Says which argument has no exact value.
pub(crate) fn context(context: &Context<'_>, looks: &Looks) -> Result<CedarContext, Unreadable> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let pair = |first: (&str, &str), second: (&str, &str)| {
        record([(first.0.to_owned(), text(first.1)), (second.0.to_owned(), text(second.1))])
    };
    let mut pairs = Vec::with_capacity(4);
    if looks.subject {
        let party = pair(("issuer", &context.subject.issuer), ("id", &context.subject.id));
        pairs.push(("subject".to_owned(), party.ok_or(Unreadable::Arguments)?));
    }
    if let Some(actor) = context.actor.filter(|_| looks.actor) {
        let party = pair(("issuer", &actor.issuer), ("id", &actor.id));
        pairs.push(("actor".to_owned(), party.ok_or(Unreadable::Arguments)?));
    }
    if let Some(http) = context.http.filter(|_| looks.http) {
        let http = pair(("method", http.method), ("path", http.path));
        pairs.push(("http".to_owned(), http.ok_or(Unreadable::Arguments)?));
    }
    if looks.arguments != ArgumentLooks::None {
        pairs.push(("arguments".to_owned(), arguments(context.arguments, &looks.arguments)?));
    }
    CedarContext::from_pairs(pairs).map_err(|_| Unreadable::Arguments)
}

fn arguments(arguments: Arguments<'_>, looks: &ArgumentLooks) -> Result<RestrictedExpression, Unreadable> {
    let parsed;
    let members = match arguments {
        Arguments::Absent => return record([]).ok_or(Unreadable::Arguments),
        Arguments::Json(value) => value,
        Arguments::Lazy(parse) => {
            parsed = parse().ok_or(Unreadable::Arguments)?;
            &parsed
        }
    };
    let members = members.as_object().ok_or(Unreadable::Arguments)?;
    let mut values_left = VALUES_MAX;
    let mut read = |name: &String, value: &Value| match expression(value, DEPTH_MAX, &mut values_left) {
        Some(value) => Ok((name.clone(), value)),
        None => Err(Unreadable::Member(name.clone())),
    };
    let pairs = match looks {
        ArgumentLooks::None => Ok(Vec::new()),
        ArgumentLooks::Named(names) => {
            names.iter().filter_map(|name| members.get_key_value(name)).map(|(n, v)| read(n, v)).collect()
        }
        ArgumentLooks::All => members.iter().map(|(n, v)| read(n, v)).collect::<Result<Vec<_>, _>>(),
    }?;
    record(pairs).ok_or(Unreadable::Arguments)
}

/// The value as an expression; `None` where it has no exact one. Built from values and never from Cedar's JSON form, in which a
/// caller could write `{"__entity": …}` and so claim to be another.
fn expression(value: &Value, depth_left: usize, values_left: &mut usize) -> Option<RestrictedExpression> {
    *values_left = values_left.checked_sub(1)?;
    let depth_left = depth_left.checked_sub(1)?;
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(RestrictedExpression::new_bool(*value)),
        Value::Number(number) => whole(number).map(RestrictedExpression::new_long),
        Value::String(text) => Some(RestrictedExpression::new_string(text.clone())),
        Value::Array(values) => {
            let values: Option<Vec<_>> = values.iter().map(|v| expression(v, depth_left, values_left)).collect();
            values.map(RestrictedExpression::new_set)
        }
        Value::Object(members) => record(pairs(members, depth_left, values_left)?),
    }
}

fn pairs(
    members: &Map<String, Value>,
    depth_left: usize,
    values_left: &mut usize,
) -> Option<Vec<(String, RestrictedExpression)>> {
    members.iter().map(|(name, value)| Some((name.clone(), expression(value, depth_left, values_left)?))).collect()
}

/// The whole number that a JSON number is, however it is written.
fn whole(number: &Number) -> Option<i64> {
    if let Some(number) = number.as_i64() {
        return Some(number);
    }
    let double = number.as_f64()?;
    // The cast is exact: the number is whole and within what a double holds exactly.
    (double.fract() == 0.0 && double.abs() <= EXACT_DOUBLE_MAX).then_some(double as i64)
}

/// A record; `None` is never seen, since a JSON object holds each name once.
fn record(pairs: impl IntoIterator<Item = (String, RestrictedExpression)>) -> Option<RestrictedExpression> {
    RestrictedExpression::new_record(pairs).ok()
}

#[cfg(test)]
mod tests {
    use cedar_policy::EvalResult;
    use model::Subject;
    use serde_json::json;

    use super::*;

    fn read(arguments: &Value, looks: ArgumentLooks) -> Result<String, Unreadable> {
        let subject = Subject { issuer: "https://id.example".to_owned(), id: "ann".to_owned() };
        let question = Context { subject: &subject, actor: None, http: None, arguments: Arguments::Json(arguments) };
        let context = context(&question, &Looks { arguments: looks, ..Looks::default() })?;
        Ok(context.get("arguments").as_ref().map(EvalResult::to_string).unwrap_or_default())
    }

    #[test]
    fn json_that_has_an_exact_value_is_read() {
        let all = json!({"s": "x", "b": true, "n": -5, "f": 5.0, "e": 1e3, "a": [2, 1, 2], "o": {"k": "v"}});
        let expected = r#"{"a": [1,2], "b": true, "e": 1000, "f": 5, "n": -5, "o": {"k": "v"}, "s": "x"}"#;
        let plain = |text: &str| text.replace([' ', '"'], "");
        assert_eq!(plain(&read(&all, ArgumentLooks::All).unwrap()), plain(expected));
    }

    #[test]
    fn what_has_no_exact_value_is_unreadable_where_it_is_looked_at() {
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        let many = Value::Array(vec![json!(1); VALUES_MAX + 1]);
        for bad in
            [json!(null), json!(0.5), json!(u64::MAX), json!(1e300), json!([null]), json!({"a": 1.5}), deep, many]
        {
            let arguments = json!({"good": 1, "bad": bad});
            assert_eq!(read(&arguments, ArgumentLooks::All), Err(Unreadable::Member("bad".to_owned())));
            assert!(read(&arguments, ArgumentLooks::Named(["good".to_owned()].into())).is_ok());
        }
        assert_eq!(read(&json!([1]), ArgumentLooks::All), Err(Unreadable::Arguments));
    }

    #[test]
    fn a_caller_cannot_write_an_entity() {
        let claim = json!({"group": {"__entity": {"type": "Group", "id": "admins"}}});
        assert!(read(&claim, ArgumentLooks::All).unwrap().contains("__entity"));
    }
}
