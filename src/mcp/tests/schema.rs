//! Every published example message is accepted, and every message that we build is valid by the published schemas.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests, outside of a test function")]

use std::{fs, path::PathBuf};

use mcp::{
    Ask, Era, Id, Json, Kind, Limits, Message, Notice, Object, Outcome, Tool, Version,
    lists::filter,
    meta::{ClientMeta, Ours},
    method::ListKind,
    outbound, reply,
    reply::{Implementation, Reply},
    rpc::Response,
    skim,
};
use serde_json::Value;

/// The folder of test data, or nothing, said aloud.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("CLAVIGER_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
        .join("mcp-schema");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is absent; set CLAVIGER_TEST_DATA", folder.display());
    None
}

struct Schema(Value);

impl Schema {
    fn read(version: &str) -> Option<Self> {
        let text = fs::read_to_string(data()?.join(version).join("schema.json")).unwrap();
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    fn check(&self, definition: &str, bytes: &[u8]) {
        let value: Value = serde_json::from_slice(bytes).unwrap();
        if let Err(problem) = self.valid(&self.0["$defs"][definition], &value) {
            panic!("not a {definition}: {problem}\n{}", String::from_utf8_lossy(bytes));
        }
    }

    /// The keywords that these schemas use.
    fn valid(&self, schema: &Value, value: &Value) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.strip_prefix("#/$defs/").expect("a local reference");
            let target = self.0["$defs"].get(name).ok_or_else(|| format!("no definition {name}"))?;
            self.valid(target, value)?;
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let fits = |name: &&str| match *name {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("type {other}"),
        };
        if !types.is_empty() && !types.iter().any(fits) {
            return Err(format!("{value} is not {types:?}"));
        }
        if schema.get("const").is_some_and(|constant| constant != value) {
            return Err(format!("{value} is not {}", schema["const"]));
        }
        if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
            return Err(format!("{value} is not in {}", schema["enum"]));
        }
        if let (Some(minimum), Some(number)) = (schema["minimum"].as_f64(), value.as_f64())
            && number < minimum
        {
            return Err(format!("{number} is below {minimum}"));
        }
        for all in schema["allOf"].as_array().into_iter().flatten() {
            self.valid(all, value)?;
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(choices) = schema[keyword].as_array() {
                let problems: Vec<String> =
                    choices.iter().filter_map(|choice| self.valid(choice, value).err()).collect();
                if problems.len() == choices.len() {
                    return Err(format!("no choice fits: {problems:?}"));
                }
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if value.is_object() && value.get(name).is_none() {
                return Err(format!("{name} is missing in {value}"));
            }
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            match schema["properties"].get(name) {
                Some(property) => self.valid(property, member).map_err(|problem| format!("{name}: {problem}"))?,
                None if schema["additionalProperties"].is_object() => {
                    self.valid(&schema["additionalProperties"], member)?
                }
                None => {}
            }
        }
        if schema["items"].is_object() {
            value.as_array().into_iter().flatten().try_for_each(|item| self.valid(&schema["items"], item))?;
        }
        Ok(())
    }
}

fn text(object: Object) -> Vec<u8> {
    Json::Object(object).to_vec()
}

fn id() -> Id {
    Id::from_json(&"a-1".into()).unwrap()
}

#[test]
fn the_schema_checker_finds_what_is_wrong() {
    let Some(schema) = Schema::read("2026-07-28") else { return };
    let check = |definition: &str, text: &str| {
        schema.valid(&schema.0["$defs"][definition], &serde_json::from_str(text).unwrap())
    };
    assert!(check("CallToolResult", r#"{"resultType":"complete","content":[]}"#).is_ok());
    assert!(check("CallToolResult", r#"{"content":[]}"#).is_err());
    assert!(check("CallToolResult", r#"{"resultType":"complete","content":[{"type":"text"}]}"#).is_err());
    assert!(
        check(
            "DiscoverResult",
            r#"{"resultType":"complete","supportedVersions":[],"capabilities":{},"ttlMs":-1,"cacheScope":"private"}"#
        )
        .is_err()
    );
    assert!(check("HeaderMismatchError", r#"{"jsonrpc":"2.0","error":{"code":-32022,"message":""}}"#).is_err());
}

#[test]
fn every_published_example_is_accepted_and_classified() {
    let Some(folder) = data() else { return };
    let [mut read, mut requests, mut notifications, mut responses, mut tools, mut lists] = [0; 6];
    for definition in fs::read_dir(folder.join("2026-07-28/examples")).unwrap().map(Result::unwrap) {
        let name = definition.file_name().into_string().unwrap();
        for example in fs::read_dir(definition.path()).unwrap().map(Result::unwrap) {
            let bytes = fs::read(example.path()).unwrap();
            let json = Json::parse(&bytes, &Limits::MESSAGE).unwrap_or_else(|error| panic!("{name}: {error}"));
            let ours: Value = serde_json::from_slice(&json.to_vec()).unwrap();
            assert_eq!(ours, serde_json::from_slice::<Value>(&bytes).unwrap(), "{name}");
            read += 1;
            if name == "Tool" {
                Tool::read(&json).unwrap_or_else(|fault| panic!("{name}: {fault}"));
                tools += 1;
            }
            if json.member("jsonrpc").is_none() {
                continue;
            }
            let skimmed = skim(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            match Message::from_json(json).unwrap_or_else(|error| panic!("{name}: {error}")) {
                Message::Request(request) => {
                    assert!(
                        matches!(skimmed, Kind::Request { id, method } if id == *request.id() && method == request.method())
                    );
                    assert!(!matches!(Ask::of(&request, Era::Modern).unwrap(), Ask::Unknown), "{name}");
                    ClientMeta::of(&request).unwrap();
                    requests += 1;
                }
                Message::Notification(notification) => {
                    assert!(matches!(skimmed, Kind::Notification { method } if method == notification.method()));
                    assert_ne!(Notice::of(&notification, Era::Modern).unwrap(), Notice::Unknown, "{name}");
                    notifications += 1;
                }
                Message::Response(response) => {
                    let error = matches!(response.outcome(), Outcome::Error(_));
                    assert!(matches!(skimmed, Kind::Response { is_error, .. } if is_error == error));
                    responses += 1;
                    for (of, kind) in [
                        ("ListToolsResultResponse", ListKind::Tools),
                        ("ListPromptsResultResponse", ListKind::Prompts),
                        ("ListResourcesResultResponse", ListKind::Resources),
                        ("ListResourceTemplatesResultResponse", ListKind::ResourceTemplates),
                    ] {
                        if let (true, Outcome::Result(result)) = (name == of, response.outcome()) {
                            let filtered = filter(&mut result.clone(), kind, Era::Modern, 1, |_| true).unwrap();
                            assert!(filtered.shown > 0 && filtered.dropped.is_empty(), "{name}");
                            lists += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(read >= 120 && tools >= 6 && lists == 4, "{read} {tools} {lists}");
    assert!(requests >= 9 && notifications >= 7 && responses >= 12, "{requests} {notifications} {responses}");
}

#[test]
fn every_modern_message_that_we_build_is_valid() {
    let Some(schema) = Schema::read("2026-07-28") else { return };
    let server = Implementation::new("claviger", "0.1.0");
    let capabilities = Object::new().with("tools", Object::new().with("listChanged", true));
    schema.check("DiscoverResult", &text(reply::discover(&server, Version::ALL, capabilities, Some("hello"), 60_000)));
    schema.check("CallToolResult", &text(reply::tool_error(Era::Modern, "ask a person")));
    schema.check("EmptyResult", &text(reply::empty(Era::Modern)));
    schema.check(
        "InputRequiredResult",
        &text(reply::url_input_required("approval", "https://c.example/a/1", "approve", "state")),
    );
    schema.check("JSONRPCErrorResponse", Reply::denied(Era::Modern, &id(), "denied", None).body());
    schema.check("JSONRPCResultResponse", Reply::result(&id(), reply::empty(Era::Modern)).body());
    let client = ClientMeta::new(Object::new(), None, None);
    let discover = outbound::discover(7.into(), &client, Ours::default());
    schema.check("DiscoverRequest", &discover.to_vec());
    schema.check("CancelledNotification", &outbound::cancelled(&id(), Some("gone")).to_vec());
    let wanted = Object::new().with("toolsListChanged", true);
    schema.check("SubscriptionsAcknowledgedNotification", &outbound::acknowledged(&id(), wanted).to_vec());
    schema.check("SubscriptionsListenResult", &text(outbound::subscription_ended(&id())));
    for (change, definition) in [
        (outbound::ListChange::Tools, "ToolListChangedNotification"),
        (outbound::ListChange::Prompts, "PromptListChangedNotification"),
        (outbound::ListChange::Resources, "ResourceListChangedNotification"),
    ] {
        schema.check(definition, &outbound::list_changed(change, Some(&id())).to_vec());
    }
    let mut page = Object::new().with("tools", Vec::<Json>::new());
    filter(&mut page, ListKind::Tools, Era::Modern, 5, |_| true).unwrap();
    schema.check("ListToolsResult", &text(page));
}

#[test]
fn every_fault_that_has_a_published_form_takes_it() {
    let Some(schema) = Schema::read("2026-07-28") else { return };
    let post = |headers: &[(&'static str, &str)], body: &str| {
        let map =
            headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        let message = Message::parse(body.as_bytes(), &Limits::MESSAGE).unwrap();
        mcp::modern::check(&map, &message).unwrap_err().reply(Era::Modern, Some(&id())).into_body()
    };
    let request = |version: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":"a-1","method":"tools/list","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"{version}","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
        )
    };
    schema.check("HeaderMismatchError", &post(&[], &request("2026-07-28")));
    schema.check(
        "UnsupportedProtocolVersionError",
        &post(&[("mcp-protocol-version", "1900-01-01")], &request("1900-01-01")),
    );
    let missing = mcp::Fault::MissingCapability("elicitation.url").reply(Era::Modern, Some(&id()));
    schema.check("MissingRequiredClientCapabilityError", missing.body());
    let parse = Message::parse(b"{", &Limits::MESSAGE).unwrap_err().reply(Era::Modern);
    schema.check("JSONRPCErrorResponse", parse.body());
}

#[test]
fn every_legacy_message_that_we_build_is_valid() {
    let Some(schema) = Schema::read("2025-11-25") else { return };
    let us = Implementation::new("claviger", "0.1.0");
    schema.check("InitializeResult", &text(reply::initialized(&us, Version::V2025_06_18, Object::new(), None)));
    schema.check("InitializeRequest", &outbound::initialize(1.into(), &us, Object::new()).to_vec());
    schema.check("InitializedNotification", &outbound::initialized().to_vec());
    schema.check("CancelledNotification", &outbound::cancelled(&id(), None).to_vec());
    schema.check("ToolListChangedNotification", &outbound::list_changed(outbound::ListChange::Tools, None).to_vec());
    schema.check("CallToolResult", &text(reply::tool_error(Era::Legacy, "ask a person")));
    let elicitation = reply::url_elicitation_required(&id(), "e1", "https://c.example/a/1", "approve");
    schema.check("URLElicitationRequiredError", elicitation.body());
    schema.check("JSONRPCErrorResponse", Reply::denied(Era::Legacy, &id(), "denied", None).body());
    let empty = Response::new(Some(id()), Outcome::Result(reply::empty(Era::Legacy)));
    schema.check("JSONRPCResultResponse", &empty.to_vec());
}
