//! What one part of the file says about another: names that are used once, and names that must be there.

use std::{collections::HashMap, ops::Range};

use model::ToolName;

use crate::{
    file::FileTable,
    problem::{Problem, Problems},
    similar::{choices, similar},
    upstream::Kind,
};

/// Checks every name that stands for something elsewhere in the file.
pub(crate) fn check(file: &FileTable, problems: &mut Problems<'_>) {
    check_unique("upstream", file.upstreams.iter().map(|u| (u.name.value.as_str(), &u.name.span)), problems);
    check_unique("issuer", file.issuers.iter().map(|i| (i.name.value.as_str(), &i.name.span)), problems);
    check_unique("issuer", file.issuers.iter().map(|i| (i.issuer.value.text.as_str(), &i.issuer.span)), problems);
    check_unique("agent", file.agents.iter().map(|a| (a.name.value.as_str(), &a.name.span)), problems);
    let clients = &file.introspection_clients;
    check_unique("introspection client", clients.iter().map(|c| (c.id.value.0.as_str(), &c.id.span)), problems);
    check_unique("provider", file.providers.names(), problems);
    // A refresh token changes with each use, so that two users of one would end each other's.
    let credentials = file.upstreams.iter().filter_map(|upstream| upstream.credential.as_ref());
    let refresh_tokens = credentials.filter_map(|credential| credential.refresh_token());
    check_unique("refresh token", refresh_tokens.map(|t| (t.value.as_str(), &t.span)), problems);
    for upstream in &file.upstreams {
        let operations = upstream.operations.iter().map(|o| (o.name.value.as_str(), &o.name.span));
        check_unique("operation", operations, problems);
    }
    check_issuers(file, problems);
    check_logins(file, problems);
    check_scopes(file, problems);
    check_lifetimes(file, problems);
}

fn check_unique<'a>(what: &str, names: impl Iterator<Item = (&'a str, &'a Range<usize>)>, problems: &mut Problems<'_>) {
    let mut seen: HashMap<&str, &Range<usize>> = HashMap::new();
    for (name, span) in names {
        if let Some(first) = seen.get(name) {
            let line = problems.source().position(first.start).line;
            problems
                .at(span, format!("there are two {what}s `{name}`"))
                .help_with(format!("the first is in line {line}; give this one another name, or remove it"));
        } else {
            seen.insert(name, span);
        }
    }
}

fn check_issuers(file: &FileTable, problems: &mut Problems<'_>) {
    let known = || file.issuers.iter().map(|issuer| issuer.name.value.as_str());
    let subjects = file.agents.iter().flat_map(|agent| &agent.acts_for).map(|subject| &subject.issuer);
    for named in file.agents.iter().map(|agent| &agent.issuer).chain(subjects) {
        let name = named.value.as_str();
        if !known().any(|issuer| issuer == name) {
            let problem = problems.at(&named.span, format!("there is no issuer `{name}`"));
            propose(problem, name, known(), "add `[[issuers]]` with this name");
        }
    }
}

/// Where users connect accounts, it can be shown who they are.
fn check_logins(file: &FileTable, problems: &mut Problems<'_>) {
    let servers = || file.providers.authorization_servers();
    for issuer in &file.issuers {
        let Some(login) = &issuer.login else { continue };
        let name = login.value.as_str();
        match servers().find(|(known, _)| *known == name) {
            None => {
                let problem = problems.at(&login.span, format!("there is no authorization server `{name}`"));
                propose(problem, name, servers().map(|(known, _)| known), "add `[[providers.oauth2]]` with this name");
            }
            Some((_, Some(url))) if url == issuer.issuer.value.text => {}
            Some(_) => {
                problems
                    .at(&login.span, format!("people who sign in through `{name}` are not shown to be this issuer's"))
                    .help_with(format!(
                        "`issuer` of `{name}` must be {:?}, byte for byte, and it needs a `client_id`",
                        issuer.issuer.value.text
                    ));
            }
        }
    }
    if file.issuers.iter().any(|issuer| issuer.login.is_some()) {
        return;
    }
    let credentials = file.upstreams.iter().filter_map(|upstream| upstream.credential.as_ref());
    for span in credentials.filter_map(|credential| credential.connection()) {
        problems.at(&span, "nobody could be shown to be the user whose account is connected").help_with(
            "add `login = \"NAME\"` to the issuer of the users: one of `[[providers.oauth2]]` with the same `issuer`",
        );
    }
}

fn check_scopes(file: &FileTable, problems: &mut Problems<'_>) {
    for scope in file.agents.iter().flat_map(|agent| &agent.scopes) {
        let name = &scope.value.upstream;
        let Some(upstream) = file.upstreams.iter().find(|upstream| upstream.name.value == *name) else {
            let known = file.upstreams.iter().map(|upstream| upstream.name.value.as_str());
            let problem = problems.at(&scope.span, format!("there is no upstream `{name}`"));
            propose(problem, name.as_str(), known, "add `[[upstreams]]` with this name");
            continue;
        };
        // The tools of an MCP server are known to that server; the operations of an HTTP one stand in this file.
        let operations = || upstream.operations.iter().map(|operation| operation.name.value.as_str());
        if upstream.kind == Kind::Http
            && let Some(tool) = scope.value.tool.as_ref().map(ToolName::as_str)
            && !operations().any(|known| known == tool)
        {
            let problem = problems.at(&scope.span, format!("the upstream `{name}` has no operation `{tool}`"));
            propose(problem, tool, operations(), "add `[[upstreams.operations]]` with this name");
        }
    }
}

fn check_lifetimes(file: &FileTable, problems: &mut Problems<'_>) {
    let all = file.session.lifetime_seconds_max.value.0;
    for own in file.agents.iter().filter_map(|agent| agent.lifetime_seconds_max.as_ref()) {
        if own.value.0 > all {
            problems
                .at(&own.span, "an agent's sessions cannot live longer than all sessions may")
                .help_with(format!("`lifetime_seconds_max` in `[session]` is {all}"));
        }
    }
}

fn propose<'a>(problem: &mut Problem, unknown: &str, known: impl Iterator<Item = &'a str> + Clone, add: &str) {
    problem.help_with(match similar(unknown, known.clone()) {
        Some(word) => format!("did you mean `{word}`?"),
        None if known.clone().next().is_some() => format!("{add}; the file has {}", choices(known, "and")),
        None => add.to_owned(),
    });
}
