//! `[[upstreams.operations]]`: what may be called of a plain HTTP upstream.

use std::{fmt, str::FromStr};

use http::Method;
use model::{Operation, Operations, ToolName};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    at::{At, text},
    problem::Problems,
};

/// One named operation. What no operation names is not called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperationTable {
    /// The name that scopes, policies and the record use: `Operation::"upstream/name"`.
    pub(crate) name: At<ToolName>,
    /// The methods, in capitals. `HEAD` is a method of its own.
    methods: Vec<At<MethodName>>,
    /// The path below the upstream's URL: `{name}` stands for one segment, a trailing `/**` for one or more. Where a request
    /// matches two operations, the narrower one is meant.
    path: At<Path>,
}

/// Reads the operations of one upstream; empty where there was a problem.
pub(crate) fn check(tables: Vec<OperationTable>, problems: &mut Problems<'_>) -> Operations {
    let mut places = Vec::new();
    let mut operations = Vec::new();
    for table in tables {
        let methods = table.methods.into_iter().map(|method| method.value.0).collect();
        match Operation::new(table.name.value.clone(), methods, &table.path.value.0) {
            Ok(operation) => operations.push(operation),
            Err(why) => {
                problems.at(&table.path.span, why.to_string());
            }
        }
        places.push((table.name.value, table.path.span));
    }
    Operations::new(operations).unwrap_or_else(|why| {
        if let Some((_, span)) = places.iter().find(|(name, _)| *name == why.second) {
            problems
                .at(span, why.to_string())
                .help_with("make one path narrower in every segment, or join the operations");
        }
        Operations::default()
    })
}

/// A method; whether it may be called is checked with the operation.
#[derive(Debug)]
struct MethodName(Method);

impl FromStr for MethodName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a method, such as GET, POST, PUT, PATCH or DELETE";
        let method: Method = text.parse().map_err(|_| WRONG)?;
        if text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') { Ok(Self(method)) } else { Err(WRONG) }
    }
}

impl fmt::Display for MethodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A path pattern; what it may hold is checked with the operation.
#[derive(Debug)]
struct Path(String);

impl FromStr for Path {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text!(MethodName: "method", Path: "path pattern");
