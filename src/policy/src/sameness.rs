//! The slices against Cedar itself: the same answer for every question, and a slicer made wrong on purpose that is found out.

use cedar_policy::{
    AuthorizationError, Authorizer, Context as CedarContext, Decision as Verdict, Entities, PolicySet, Request,
};
use model::{Actor, Agent, Subject, UpstreamName};
use serde_json::{Value, json};

use crate::{
    Action, Arguments, Context, Decision, HttpRequest, Policies, Policy, Question, Reason, Target,
    entity::{Placed, entities},
    head::Head,
    looks::Looks,
};

const POLICY_SETS: u64 = 500;
/// Enough to find a wrong slicer out.
const POLICY_SETS_SPOILED: u64 = 25;
const QUESTIONS_EACH: u64 = 40;

/// SplitMix64: the same run every time, from the seed alone.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }
}

const PRINCIPALS: &[&str] = &[
    "principal",
    "principal",
    r#"principal == Agent::"a""#,
    r#"principal == Agent::"b""#,
    r#"principal in Group::"g""#,
    r#"principal in Group::"h""#,
    "principal is Agent",
    r#"principal is Agent in Group::"g""#,
];
const ACTIONS: &[&str] = &[
    "action",
    r#"action == Action::"tools/call""#,
    r#"action == Action::"http/request""#,
    r#"action in Action::"use""#,
    r#"action in [Action::"tools/call", Action::"tools/list"]"#,
    r#"action in [Action::"list", Action::"resources/read"]"#,
];
const RESOURCES: &[&str] = &[
    "resource",
    "resource",
    r#"resource in Upstream::"u""#,
    r#"resource == Upstream::"u""#,
    r#"resource == Tool::"u/x""#,
    r#"resource in Tool::"v/x""#,
    "resource is Tool",
    "resource is Upstream",
    r#"resource is Tool in Upstream::"v""#,
    r#"resource is Resource in Upstream::"u""#,
    r#"resource == Operation::"u/x""#,
];
const CONDITIONS: &[&str] = &[
    "",
    "",
    "",
    r#"when { principal in Group::"g" }"#,
    r#"unless { resource in Upstream::"v" }"#,
    r#"when { action in Action::"list" || resource is Tool }"#,
    r#"when { resource has owner && resource.owner == principal }"#,
    "when { context.arguments.n > 3 }",
    "when { context.arguments has n && context.arguments.n > 3 }",
    r#"when { context.arguments has s && context.arguments.s like "x*" }"#,
    r#"when { context.arguments has o.k } unless { context.arguments.o.k == "v" }"#,
    "when { context.arguments has a && context.arguments.a.contains(1) }",
    "when { context.arguments == {n: 5} }",
    r#"when { context.subject.id == "ann" }"#,
    r#"when { context has actor && context.actor.id == "bot" }"#,
    r#"when { context has http && context.http.method == "GET" }"#,
];
const NAMES: &[&str] = &["x", "y", ""];

fn policy_text(dice: &mut Dice) -> String {
    let mut text = String::new();
    for i in 0..1 + dice.roll(10) {
        let effect = if dice.roll(4) == 0 { "forbid" } else { "permit" };
        let (who, what) = (dice.pick(PRINCIPALS), dice.pick(ACTIONS));
        let (which, when) = (dice.pick(RESOURCES), dice.pick(CONDITIONS));
        text.push_str(&format!("@id(\"r{i}\")\n{effect}({who}, {what}, {which})\n{when};\n"));
    }
    text
}

fn arguments(dice: &mut Dice) -> Value {
    let mut members = serde_json::Map::new();
    for (name, values) in [
        ("n", [json!(5), json!(1), json!("five")]),
        ("s", [json!("xy"), json!("y"), json!(5)]),
        ("o", [json!({"k": "v"}), json!({"k": "w"}), json!({})]),
        ("a", [json!([1, 2]), json!([]), json!(["1"])]),
    ] {
        if dice.roll(2) == 0 {
            let value = usize::try_from(dice.roll(3)).unwrap();
            members.insert(name.to_owned(), values[value].clone());
        }
    }
    Value::Object(members)
}

/// What is asked, owned.
struct Asked {
    agent: Agent,
    action: Action,
    upstream: UpstreamName,
    name: &'static str,
    subject: Subject,
    actor: Option<Actor>,
    http: bool,
    arguments: Value,
}

impl Asked {
    fn random(dice: &mut Dice) -> Self {
        let name = dice.pick(&["a", "b", "c"]).parse().unwrap();
        let groups = ["g", "h"].into_iter().filter(|_| dice.roll(2) == 0).map(|g| g.parse().unwrap()).collect();
        let party = |id: &str| (String::from("https://id.example"), id.to_owned());
        let (issuer, id) = party(dice.pick(&["ann", "bob"]));
        let actor = (dice.roll(2) == 0).then(|| party(dice.pick(&["bot", "cat"])));
        let actions = [Action::ToolsCall, Action::ToolsList, Action::ResourcesRead, Action::HttpRequest];
        let action = actions[usize::try_from(dice.roll(4)).unwrap()];
        Self {
            agent: Agent { name, groups },
            action,
            upstream: dice.pick(&["u", "v"]).parse().unwrap(),
            name: dice.pick(NAMES),
            subject: Subject { issuer, id },
            actor: actor.map(|(issuer, id)| Actor { issuer, id }),
            http: action == Action::HttpRequest,
            arguments: arguments(dice),
        }
    }

    fn question(&self) -> Question<'_> {
        let target = match self.action {
            Action::ToolsCall => Target::Tool(&self.upstream, self.name),
            Action::ResourcesRead => Target::Resource(&self.upstream, self.name),
            Action::HttpRequest => Target::Operation(&self.upstream, self.name),
            _ => Target::Upstream(&self.upstream),
        };
        let context = Context {
            subject: &self.subject,
            actor: self.actor.as_ref(),
            http: self.http.then_some(HttpRequest { method: "GET", path: "/x" }),
            arguments: Arguments::Json(&self.arguments),
        };
        Question { agent: &self.agent, action: self.action, target, context }
    }

    /// The whole context, through Cedar's own reading of JSON.
    fn whole_context(&self) -> CedarContext {
        let party = |issuer: &str, id: &str| json!({"issuer": issuer, "id": id});
        let mut context =
            json!({"arguments": self.arguments, "subject": party(&self.subject.issuer, &self.subject.id)});
        if let Some(actor) = &self.actor {
            context["actor"] = party(&actor.issuer, &actor.id);
        }
        if self.http {
            context["http"] = json!({"method": "GET", "path": "/x"});
        }
        CedarContext::from_json_value(context, None).unwrap()
    }
}

/// What Cedar says of all rules at once.
struct Expected {
    permit: bool,
    /// The rules that decided.
    deciding: Vec<String>,
    /// The rules that could not be evaluated.
    failed: Vec<String>,
}

fn whole_cedar(set: &PolicySet, asked: &Asked) -> Expected {
    let question = asked.question();
    let placed = [Placed::agent(question.agent), Placed::action(question.action), Placed::target(&question.target)];
    let [who, what, which] = &placed;
    let all: Entities = entities([who, what, which]).unwrap();
    let (who, what, which) = (who.uid.clone(), what.uid.clone(), which.uid.clone());
    let request = Request::new(who, what, which, asked.whole_context(), None).unwrap();
    let response = Authorizer::new().is_authorized(&request, set, &all);
    let failed = |AuthorizationError::PolicyEvaluationError(error): &AuthorizationError| error.policy_id().to_string();
    Expected {
        permit: response.decision() == Verdict::Allow,
        deciding: response.diagnostics().reason().map(ToString::to_string).collect(),
        failed: response.diagnostics().errors().map(failed).collect(),
    }
}

/// Whether the answer is the expected one: a permit names the first rule that permits, a denial a rule that really denies.
fn agrees(decision: &Decision, expected: &Expected) -> bool {
    let Expected { permit, deciding, failed } = expected;
    let rule = decision.rule().as_str().to_owned();
    let place = |id: &&String| id.trim_start_matches('r').parse::<u32>().unwrap();
    match decision {
        Decision::Permit { .. } => *permit && failed.is_empty() && deciding.iter().min_by_key(place) == Some(&rule),
        Decision::Deny { reason: Reason::Forbidden, .. } => !permit && deciding.contains(&rule),
        Decision::Deny { reason: Reason::EvaluationFailed, .. } => failed.contains(&rule),
        Decision::Deny { reason: Reason::NotPermitted, .. } => !permit && deciding.is_empty() && failed.is_empty(),
        Decision::Deny { reason: Reason::ArgumentsUnreadable | Reason::MalformedQuestion, .. } => false,
    }
}

/// How many questions there were, how many were answered as Cedar answers them, and how often each kind of answer came:
/// permitted, forbidden, failed, not permitted.
fn compare(policy_sets: u64, spoil: impl Fn(&mut Policies)) -> (u64, u64, [u64; 4]) {
    let mut dice = Dice(1);
    let (mut asked_count, mut same, mut kinds) = (0, 0, [0; 4]);
    for _ in 0..policy_sets {
        let mut policies = Policies::unchecked(&policy_text(&mut dice).parse().unwrap());
        let whole = PolicySet::from_policies(policies.rules().iter().map(|rule| rule.policy.clone())).unwrap();
        spoil(&mut policies);
        for _ in 0..QUESTIONS_EACH {
            let asked = Asked::random(&mut dice);
            let expected = whole_cedar(&whole, &asked);
            let kind = match &expected {
                Expected { permit: false, deciding, .. } if !deciding.is_empty() => 1,
                Expected { failed, .. } if !failed.is_empty() => 2,
                Expected { permit: true, .. } => 0,
                Expected { permit: false, .. } => 3,
            };
            kinds[kind] += 1;
            asked_count += 1;
            let (first, again) = (policies.decide(&asked.question()), policies.decide(&asked.question()));
            same += u64::from(first == again && agrees(&first, &expected));
        }
    }
    (asked_count, same, kinds)
}

#[test]
fn a_slice_answers_as_the_whole_of_cedar() {
    let (asked, same, kinds) = compare(POLICY_SETS, |_| {});
    assert_eq!((asked, same), (20_000, 20_000));
    assert!(kinds.iter().all(|&count| count > 500), "every kind of answer must have come up: {kinds:?}");
}

#[test]
fn a_slicer_that_forgets_groups_is_found_out() {
    let (asked, same, _) = compare(POLICY_SETS_SPOILED, |policies| {
        for rule in policies.rules_mut() {
            if let Head::In(uid) = rule.principal.clone() {
                rule.principal = Head::Eq(uid);
            }
        }
    });
    assert!(same < asked - 20, "{same} of {asked}");
}

#[test]
fn a_slicer_that_forgets_upstreams_is_found_out() {
    let (asked, same, _) = compare(POLICY_SETS_SPOILED, |policies| {
        for rule in policies.rules_mut() {
            if let Head::In(uid) = rule.resource.clone() {
                rule.resource = Head::Eq(uid);
            }
        }
    });
    assert!(same < asked - 20, "{same} of {asked}");
}

#[test]
fn a_slicer_that_forgets_what_a_rule_looks_at_is_found_out() {
    let (asked, same, _) = compare(POLICY_SETS_SPOILED, |policies| {
        for rule in policies.rules_mut() {
            rule.looks = Looks::default();
        }
    });
    assert!(same < asked - 20, "{same} of {asked}");
}
