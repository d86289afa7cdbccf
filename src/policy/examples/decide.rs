//! How long a decision takes with 200 and with 10,000 rules; run it with `cargo run --release -p policy --example decide`.

use std::{
    hint::black_box,
    io::{Write as _, stdout},
    time::Instant,
};

use model::{Agent, Subject, UpstreamName};
use policy::{Action, Arguments, Context, Policies, Policy as _, Question, Source, Target};
use serde_json::json;

const UPSTREAMS: usize = 20;
/// Many short rounds: on a busy machine some of them still run undisturbed.
const ROUNDS: usize = 101;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let agent = Agent { name: "ci".parse()?, groups: vec!["g0".parse()?, "g1".parse()?] };
    let subject = Subject { issuer: "https://id.example".to_owned(), id: "ann".to_owned() };
    let arguments = json!({"repo": "acme/web", "branch": "main", "files": ["a", "b"], "message": "x".repeat(200)});
    let upstream: UpstreamName = "u0".parse()?;
    let mut out = stdout().lock();
    for rule_count in [200, 1_000, 10_000] {
        let start = Instant::now();
        let policies = Policies::from_sources(&[Source { path: "bench.cedar".into(), text: rules(rule_count) }])?;
        writeln!(out, "{rule_count} rules: loaded in {:.0} ms", start.elapsed().as_secs_f64() * 1e3)?;
        let context = Context { subject: &subject, actor: None, http: None, arguments: Arguments::Json(&arguments) };
        let ask = |tool| Question {
            agent: &agent,
            action: Action::ToolsCall,
            target: Target::Tool(&upstream, tool),
            context,
        };
        let start = Instant::now();
        black_box(policies.for_agent(&agent));
        writeln!(out, "  first sight of an agent  {:>8.1} µs", start.elapsed().as_secs_f64() * 1e6)?;
        let own = policies.for_agent(&agent);
        let plain = time(5_000, |_| own.decide(&ask("plain")).is_permit());
        let shared = time(5_000, |_| policies.decide(&ask("plain")).is_permit());
        let judged = time(300, |_| own.decide(&ask("judged")).is_permit());
        let names: Vec<_> = (0..ROUNDS * 200).map(|i| format!("unknown_{i}")).collect();
        let unknown = time(200, |i| !own.decide(&ask(&names[i])).is_permit());
        writeln!(out, "  tool level               {plain}\n  through all policies     {shared}")?;
        writeln!(out, "  with arguments           {judged}\n  a tool never seen        {unknown}")?;
    }
    Ok(())
}

/// Microseconds for one: the fastest of the rounds, which other work on the machine disturbs least, and their median.
fn time(times: usize, ask: impl Fn(usize) -> bool) -> String {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let start = Instant::now();
            for i in round * times..(round + 1) * times {
                assert!(black_box(ask(i)), "the question must have the answer that is timed");
            }
            start.elapsed().as_secs_f64() * 1e6 / times as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    format!("{:>8.3} µs, median {:.3}", rounds[0], rounds[ROUNDS / 2])
}

/// Rules over twenty upstreams, and two of every upstream that look at the arguments of one tool.
fn rules(count: usize) -> String {
    let mut text = String::new();
    for i in 0..UPSTREAMS {
        text.push_str(&format!(
            "permit(principal in Group::\"g0\", action in Action::\"use\", resource == Tool::\"u{i}/judged\")
               when {{ context.arguments has repo && context.arguments.repo like \"acme/*\" }};
             forbid(principal, action == Action::\"tools/call\", resource == Tool::\"u{i}/judged\")
               when {{ context.arguments has branch && context.arguments.branch == \"release\" }};
             permit(principal in Group::\"g1\", action in Action::\"use\", resource == Tool::\"u{i}/plain\");\n"
        ));
    }
    for i in UPSTREAMS * 3..count {
        let (group, upstream) = (i % 50, i % UPSTREAMS);
        text.push_str(&format!(
            "permit(principal in Group::\"g{group}\", action == Action::\"tools/call\", resource == Tool::\"u{upstream}/t{i}\");\n"
        ));
    }
    text
}
