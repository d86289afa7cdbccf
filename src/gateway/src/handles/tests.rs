//! Handles in requests, where they may stand and where they may not.

use bytes::Bytes;
use egress::Outbound;
use http::{HeaderMap, Method};

use super::*;

const HANDLE: &str = "claviger-handle_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE";

fn leg(headers: &[(&'static str, &str)], path: &str, body: &str) -> Leg {
    let path = path.replace('@', HANDLE).parse().unwrap();
    let fields =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.replace('@', HANDLE).parse().unwrap()));
    let headers: HeaderMap = fields.fold(HeaderMap::new(), |mut map, (name, value)| {
        map.append::<http::HeaderName>(name, value);
        map
    });
    let body = Outbound::bytes(Bytes::from(body.replace('@', HANDLE)));
    Leg { method: Method::POST, path, headers, body }
}

fn places(headers: &[(&'static str, &str)], path: &str, body: &str) -> Result<Vec<Place>, &'static str> {
    let found = find_handles(&leg(headers, path, body)).map_err(|denial| denial.told().error)?;
    assert!(found.iter().all(|shown| shown.stand_in.as_bytes() == HANDLE.as_bytes()));
    Ok(found.into_iter().map(|shown| shown.place).collect())
}

const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[test]
fn a_handle_stands_alone_in_a_field_that_is_named_as_a_token_is() {
    let header = |name: &str, before: &str| Place::Header { name: name.parse().unwrap(), before: before.to_owned() };
    for (headers, path, body, expected) in [
        (&[JSON][..], "/a", "{}", vec![]),
        (&[("upstream-authorization", "Bearer @")], "/a", "", vec![header("authorization", "Bearer ")]),
        (&[("upstream-authorization", "@")], "/a", "", vec![header("authorization", "")]),
        (&[("x-auth-token", "@")], "/a", "", vec![header("x-auth-token", "")]),
        (&[("mcp-param-token", "@")], "", "", vec![header("mcp-param-token", "")]),
        (&[], "/a?b=1&access_token=@", "", vec![Place::Query { at: 20 }]),
        (&[], "/a?token=@&b=1", "", vec![Place::Query { at: 9 }]),
        (&[FORM], "/a", "refresh_token=@&grant_type=refresh_token", vec![Place::Form { at: 14 }]),
        (&[JSON], "/a", r#"{"token":"@"}"#, vec![Place::Json { at: 10 }]),
        (
            &[JSON],
            "/a",
            r#"{"a":[{"clientSecret" : "@"}],"b":"\"","token":"@"}"#,
            vec![Place::Json { at: 25 }, Place::Json { at: 48 + HANDLE.len() - 1 }],
        ),
        (&[("content-type", "application/vnd.api+json")], "/a", r#"{"token":"@"}"#, vec![Place::Json { at: 10 }]),
    ] {
        assert_eq!(places(headers, path, body), Ok(expected), "{headers:?} {path} {body}");
    }
}

#[test]
fn a_handle_in_another_place_is_refused() {
    for (headers, path, body) in [
        (&[("upstream-authorization", "Bearer @x")][..], "/a", ""),
        (&[("upstream-authorization", "Bearer  @")], "/a", ""),
        (&[("upstream-authorization", "Bearer a=@")], "/a", ""),
        (&[("upstream-authorization", "Bearer @"), ("upstream-authorization", "Bearer @")], "/a", ""),
        (&[("proxy-authorization", "Bearer @")], "/a", ""),
        (&[("authorization", "Bearer @")], "/a", ""),
        (&[("user-agent", "@")], "/a", ""),
        (&[("cookie", "token=@")], "/a", ""),
        (&[], "/tokens/@", ""),
        (&[], "/a?q=@", ""),
        (&[], "/a?q=1;token=@", ""),
        (&[], "/a?token=x@", ""),
        (&[], "/a?token=@x", ""),
        (&[FORM], "/a", "comment=@"),
        (&[FORM], "/a", "token=a+@"),
        (&[FORM], "/a", "%74oken=@"),
        (&[JSON], "/a", r#"{"comment":"@"}"#),
        (&[JSON], "/a", r#"{"token":"say @"}"#),
        (&[JSON], "/a", r#"{"token":["@"]}"#),
        (&[JSON], "/a", r#"{"token":{"@":1}}"#),
        (&[JSON], "/a", r#"{"comment":"{\"token\":\"@\"}"}"#),
        (&[JSON], "/a", r#"{"\u0074oken":"@"}"#),
        (&[JSON], "/a", r#"{"a":"\"token":"@"}"#),
        (&[JSON], "/a", r#"{"token":"@""#),
        (&[JSON], "/a", "token=@"),
        (&[], "/a", r#"{"token":"@"}"#),
        (&[("content-type", "text/plain")], "/a", "token=@"),
    ] {
        assert_eq!(places(headers, path, body), Err("handle_misplaced"), "{headers:?} {path} {body}");
    }
    let many = format!("{{{}\"a\":1}}", r#""token":"@","#.repeat(17));
    assert_eq!(places(&[JSON], "/a", &many), Err("handle_misplaced"));
}
