//! Questions to small policies, and what is said of files that are wrong.

use std::{cell::Cell, fs, thread};

use model::{Subject, UpstreamName};
use serde_json::{Value, json};

use super::*;
use crate::{Arguments, Context, Durability, HttpRequest, Obligations, Reason};

fn policies(text: &str) -> Policies {
    Policies::from_sources(&[source("a.cedar", text)]).unwrap()
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.to_owned() }
}

fn refusal(text: &str) -> String {
    Policies::from_sources(&[source("a.cedar", text)]).unwrap_err().to_string()
}

fn agent(name: &str, groups: &[&str]) -> Agent {
    Agent { name: name.parse().unwrap(), groups: groups.iter().map(|g| g.parse().unwrap()).collect() }
}

fn subject() -> Subject {
    Subject { issuer: "https://id.example".to_owned(), id: "ann".to_owned() }
}

/// Asks about a tool call with arguments.
fn call(policies: &Policies, agent: &Agent, tool: &str, arguments: &Value) -> Decision {
    let (upstream, tool) = tool.split_once('/').unwrap();
    let upstream: UpstreamName = upstream.parse().unwrap();
    let context = Context { subject: &subject(), actor: None, http: None, arguments: Arguments::Json(arguments) };
    policies.decide(&Question { agent, action: Action::ToolsCall, target: Target::Tool(&upstream, tool), context })
}

/// The decision in few words.
fn verdict(decision: &Decision) -> String {
    match decision {
        Decision::Permit { rule, .. } => format!("permit {rule}"),
        Decision::Deny { rule, reason, .. } => format!("deny {rule} {reason:?}"),
    }
}

const TWO_RULES: &str = r#"
@id("readers") permit(principal in Group::"readers", action == Action::"tools/call", resource in Upstream::"github");
@id("no-delete") forbid(principal, action, resource == Tool::"github/delete_repo");
"#;

#[test]
fn what_no_rule_permits_is_denied() {
    let policies = policies(TWO_RULES);
    let decision = call(&policies, &agent("ci", &[]), "github/get_issue", &json!({}));
    let revision = policies.revision();
    let rule = "default-deny".parse().unwrap();
    assert_eq!(decision, Decision::Deny { rule, reason: Reason::NotPermitted, revision });
}

#[test]
fn a_group_and_an_upstream_are_seen_through() {
    let (policies, reader) = (policies(TWO_RULES), agent("ci", &["writers", "readers"]));
    assert_eq!(verdict(&call(&policies, &reader, "github/get_issue", &json!({}))), "permit readers");
    assert_eq!(verdict(&call(&policies, &reader, "gitlab/get_issue", &json!({}))), "deny default-deny NotPermitted");
}

#[test]
fn a_forbid_overrides_a_permit() {
    let decision = call(&policies(TWO_RULES), &agent("ci", &["readers"]), "github/delete_repo", &json!({}));
    assert_eq!(verdict(&decision), "deny no-delete Forbidden");
}

const ARGUMENTS: &str = r#"
@id("own-repo") permit(principal, action == Action::"tools/call", resource == Tool::"github/push")
  when { context.arguments.repo == "acme/web" };
@id("no-force") forbid(principal, action == Action::"tools/call", resource == Tool::"github/push")
  when { context.arguments has force && context.arguments.force };
"#;

#[test]
fn arguments_decide() {
    let (policies, ci) = (policies(ARGUMENTS), agent("ci", &[]));
    for (arguments, expected) in [
        (json!({"repo": "acme/web"}), "permit own-repo"),
        (json!({"repo": "acme/web", "force": false, "message": null, "weight": 0.5}), "permit own-repo"),
        (json!({"repo": "acme/api"}), "deny default-deny NotPermitted"),
        (json!({"repo": "acme/web", "force": true}), "deny no-force Forbidden"),
        (json!({"repo": "acme/web", "force": "yes"}), "deny no-force EvaluationFailed"),
        (json!({"repo": "acme/web", "force": null}), "deny no-force ArgumentsUnreadable"),
        (json!({"force": false}), "deny own-repo EvaluationFailed"),
        (json!({"repo": 0.5}), "deny own-repo ArgumentsUnreadable"),
        (json!(["acme/web"]), "deny own-repo ArgumentsUnreadable"),
    ] {
        assert_eq!(verdict(&call(&policies, &ci, "github/push", &arguments)), expected, "{arguments}");
    }
}

#[test]
fn arguments_are_parsed_only_where_a_rule_looks_at_them() {
    let (policies, ci, upstream) =
        (policies(&format!("{TWO_RULES}{ARGUMENTS}")), agent("ci", &["readers"]), "github".parse().unwrap());
    let parsed = Cell::new(0);
    let parse = || {
        parsed.set(parsed.get() + 1);
        None
    };
    let ask = |tool| {
        let context = Context { subject: &subject(), actor: None, http: None, arguments: Arguments::Lazy(&parse) };
        let target = Target::Tool(&upstream, tool);
        verdict(&policies.decide(&Question { agent: &ci, action: Action::ToolsCall, target, context }))
    };
    assert_eq!((ask("get_issue"), parsed.get()), ("permit readers".to_owned(), 0));
    assert_eq!((ask("push"), parsed.get()), ("deny own-repo ArgumentsUnreadable".to_owned(), 1));
}

#[test]
fn an_http_request_is_judged_by_method_and_path() {
    let policies = policies(
        r#"@id("read") permit(principal, action == Action::"http/request", resource in Upstream::"billing")
           when { context.http.method == "GET" && context.http.path like "/v1/*" };"#,
    );
    let (ci, upstream) = (agent("ci", &[]), "billing".parse().unwrap());
    let ask = |http| {
        let context = Context { subject: &subject(), actor: None, http, arguments: Arguments::Absent };
        let target = Target::Operation(&upstream, "any");
        verdict(&policies.decide(&Question { agent: &ci, action: Action::HttpRequest, target, context }))
    };
    assert_eq!(ask(Some(HttpRequest { method: "GET", path: "/v1/invoices" })), "permit read");
    assert_eq!(ask(Some(HttpRequest { method: "POST", path: "/v1/invoices" })), "deny default-deny NotPermitted");
    assert_eq!(ask(None), "deny read EvaluationFailed");
}

#[test]
fn obligations_of_all_permits_add_up() {
    let policies = policies(
        r#"@id("all") permit(principal, action, resource);
           @id("pay") @approval("moves money") @durability("power")
           permit(principal, action == Action::"tools/call", resource == Tool::"bank/pay");"#,
    );
    let ci = agent("ci", &[]);
    let Decision::Permit { rule, obligations, .. } = call(&policies, &ci, "bank/pay", &json!({})) else {
        panic!("denied")
    };
    let both = Obligations { durability: Some(Durability::Power), approval: Some("moves money".into()) };
    assert_eq!((rule.as_str(), obligations), ("all", both));
    let Decision::Permit { obligations, .. } = call(&policies, &ci, "bank/read", &json!({})) else { panic!("denied") };
    assert_eq!(obligations, Obligations::default());
}

#[test]
fn reach_tells_before_a_call_what_a_list_may_show() {
    let (policies, upstream) = (policies(&format!("{TWO_RULES}{ARGUMENTS}")), "github".parse().unwrap());
    let reach = |agent: &Agent, tool| policies.reach(agent, Action::ToolsCall, &Target::Tool(&upstream, tool));
    let (reader, other) = (agent("ci", &["readers"]), agent("ci", &[]));
    assert_eq!(reach(&reader, "get_issue"), Reach::Always);
    assert_eq!(reach(&reader, "delete_repo"), Reach::Never);
    assert_eq!(reach(&reader, "push"), Reach::Depends);
    assert_eq!(reach(&other, "push"), Reach::Depends);
    assert_eq!(reach(&other, "get_issue"), Reach::Never);
    assert_eq!(policies.reach(&reader, Action::ToolsCall, &Target::Prompt(&upstream, "push")), Reach::Never);
}

#[test]
fn a_question_that_makes_no_sense_is_denied() {
    let policies = policies("permit(principal, action, resource);");
    let (ci, other, upstream) = (agent("ci", &[]), agent("other", &[]), "github".parse().unwrap());
    let context = Context { subject: &subject(), actor: None, http: None, arguments: Arguments::Absent };
    let question = |agent, target| Question { agent, action: Action::ToolsCall, target, context };
    let malformed = "deny malformed-question MalformedQuestion";
    assert_eq!(verdict(&policies.decide(&question(&ci, Target::Prompt(&upstream, "x")))), malformed);
    let own = policies.for_agent(&ci);
    assert_eq!(verdict(&own.decide(&question(&other, Target::Tool(&upstream, "x")))), malformed);
    assert_eq!(verdict(&own.decide(&question(&ci, Target::Tool(&upstream, "x")))), "permit a.cedar:policy0");
}

#[test]
fn a_flood_of_unknown_tools_does_not_grow_the_memory() {
    let (policies, ci) = (policies(&format!("{TWO_RULES}{ARGUMENTS}")), agent("ci", &["readers"]));
    for i in 0..20_000 {
        call(&policies, &ci, &format!("github/invented_{i}"), &json!({}));
    }
    let full = policies.for_agent(&ci).remembered();
    assert!((1_000..=2_048).contains(&full), "{full}");
    call(&policies, &ci, &format!("other/{}", "x".repeat(1_000_000)), &json!({}));
    assert_eq!(verdict(&call(&policies, &ci, "github/get_issue", &json!({}))), "permit readers");
}

#[test]
fn many_threads_get_one_answer() {
    let (policies, ci) = (policies(&format!("{TWO_RULES}{ARGUMENTS}")), agent("ci", &["readers"]));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for i in 0..2_000 {
                    assert!(call(&policies, &ci, &format!("github/get_{}", i % 50), &json!({})).is_permit());
                    assert!(!call(&policies, &ci, "github/delete_repo", &json!({})).is_permit());
                }
            });
        }
    });
}

#[test]
fn typing_errors_are_shown_where_they_stand() {
    for (text, expected) in [
        (
            "permit(principal, action == Action::\"tool/call\", resource);",
            "a.cedar:1:29: there is no such action; known are tools/call, prompts/get, resources/read, resources/subscribe, resources/unsubscribe, completion/complete, tasks/get, tasks/result, tasks/update, tasks/cancel, http/request, initialize, server/discover, ping, logging/setLevel, tools/list, prompts/list, resources/list, resources/templates/list, tasks/list, subscriptions/listen, use, list\n    Action::\"tool/call\"",
        ),
        (
            "// all\npermit(principal in Groups::\"x\", action, resource);",
            "a.cedar:2:21: unrecognized entity type `Groups`; did you mean `Group`?\n    Groups",
        ),
        (
            "permit(principal, action, resource) when { context.subject.isuer == \"x\" };",
            "a.cedar:1:44: `context.subject.isuer` does not exist; known here are issuer, id\n    context.subject.isuer",
        ),
        (
            "permit(principal, action, resource) when { context.argument.x == 1 };",
            "a.cedar:1:44: `context.argument.x` does not exist; known here are arguments, subject, actor, http\n    context.argument.x",
        ),
        (
            "@aproval(\"x\") permit(principal, action, resource);",
            "a.cedar:1:1: unknown annotation @aproval; known are @id, @description, @approval and @durability\n    @aproval",
        ),
        (
            "@durability(\"steel\") permit(principal, action, resource);",
            "a.cedar:1:1: @durability is \"process\", \"power\" or \"witness\", not \"steel\"\n    @durability",
        ),
        (
            "@approval(\"x\") forbid(principal, action, resource);",
            "a.cedar:1:1: a forbid obliges to nothing; remove @approval, or put it on a permit\n    @approval",
        ),
        (
            "@id(\"default-deny\") permit(principal, action, resource);",
            "a.cedar:1:1: the id \"default-deny\" is Claviger's own; choose another\n    @id",
        ),
        (
            "permit(principal == ?principal, action, resource);",
            "a.cedar:1:1: a template permits nothing by itself; write its principal and resource out\n    permit(principal == ?principal, action, resource);",
        ),
    ] {
        assert_eq!(refusal(text), expected);
    }
}

#[test]
fn arguments_do_not_hide_other_errors_of_the_same_rule() {
    let said =
        refusal("permit(principal, action, resource) when { context.arguments.x == 1 && principal in Grup::\"a\" };");
    assert_eq!(said, "a.cedar:1:85: unrecognized entity type `Grup`; did you mean `Group`?\n    Grup");
}

#[test]
fn a_rule_that_can_never_apply_is_refused() {
    let said = refusal("forbid(principal, action == Action::\"tools/call\", resource is Prompt);");
    assert!(said.starts_with("a.cedar:1:1: unable to find an applicable action"), "{said}");
}

#[test]
fn broken_syntax_names_its_place() {
    let said = refusal("permit(principal, action, resource);\npermit(principal action, resource);");
    assert!(said.starts_with("a.cedar:2:18: unexpected token `action`"), "{said}");
}

#[test]
fn an_id_is_taken_once() {
    let first = source("a.cedar", "\n@id(\"x\") permit(principal, action, resource);");
    let second = source("b.cedar", "@id(\"x\") permit(principal, action, resource);");
    let said = Policies::from_sources(&[first, second]).unwrap_err().to_string();
    assert_eq!(said, "b.cedar:1:5: the id \"x\" is taken by the policy at a.cedar:2:1\n    \"x\"");
}

#[test]
fn no_policies_are_a_warning_and_deny() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("readme.txt"), "permit(principal, action, resource);").unwrap();
    let policies = Policies::load(&[directory.path().to_owned()]).unwrap();
    assert_eq!(policies.warnings().len(), 1);
    assert!(policies.warnings()[0].what.starts_with("there are no policies, so every call is denied"));
    assert_eq!(verdict(&call(&policies, &agent("ci", &[]), "a/b", &json!({}))), "deny default-deny NotPermitted");
}

#[test]
fn files_are_read_in_the_order_of_their_names() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["b.cedar", "a.cedar", "c.txt"] {
        fs::write(directory.path().join(name), "permit(principal, action, resource);").unwrap();
    }
    let policies = Policies::load(&[directory.path().to_owned()]).unwrap();
    assert_eq!(policies.rule_count(), 2);
    assert_eq!(verdict(&call(&policies, &agent("ci", &[]), "a/b", &json!({}))), "permit a.cedar:policy0");
}

#[test]
fn a_missing_file_is_named_beside_what_else_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let (missing, broken) = (directory.path().join("missing.cedar"), directory.path().join("broken.cedar"));
    fs::write(&broken, "permit(principal, action, resource)").unwrap();
    let error = Policies::load(&[missing.clone(), broken.clone()]).unwrap_err();
    assert_eq!(error.problems().iter().map(|p| &p.path).collect::<Vec<_>>(), [&missing, &broken]);
    assert!(error.to_string().contains("the policy file cannot be read"));
}

#[test]
fn a_change_of_text_changes_the_revision_and_a_new_load_does_not() {
    let (one, again) = (policies(TWO_RULES), policies(TWO_RULES));
    assert_eq!(one.revision(), again.revision());
    assert_ne!(one.revision(), policies(ARGUMENTS).revision());
}
