//! Policy files to checked rules: everything that is wrong is found in one run.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use cedar_policy::{Policy, PolicyId, PolicySet, ValidationError, ValidationMode, ValidationWarning};
use model::RuleId;

use crate::{
    Action, Problem, Source,
    action::ActionGroup,
    looks::ArgumentLooks,
    rule::{NotARule, Rule},
    schema::VALIDATOR,
};

/// A policy file is written by people; one beyond this is something else.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How many files a directory may hold; more is a wrong directory.
const FILES_MAX: usize = 1000;

/// Reads files, and the `*.cedar` files of directories in the order of their names. Problems are added to `problems`.
pub(crate) fn read(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<Source> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        match list(path) {
            Ok(mut listed) => {
                listed.sort();
                files.append(&mut listed);
            }
            Err(error) => problems.push(Problem::of_file(path, format!("the directory cannot be read: {error}"))),
        }
    }
    let mut sources = Vec::new();
    for path in files {
        match read_file(&path) {
            Ok(text) => sources.push(Source { path, text }),
            Err(error) => problems.push(Problem::of_file(&path, format!("the policy file cannot be read: {error}"))),
        }
    }
    sources
}

fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cedar") {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            return Err(io::Error::other(format!("it holds more than {FILES_MAX} policy files")));
        }
    }
    Ok(files)
}

fn read_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {} MiB", FILE_BYTES_MAX / 1024 / 1024)));
    }
    Ok(text)
}

/// What the files say.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) rules: Vec<Rule>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

/// Parses and checks every source.
pub(crate) fn check(sources: &[Source]) -> Loaded {
    let mut loaded = Loaded::default();
    let mut places = Places::new();
    for source in sources {
        check_source(source, &mut loaded, &mut places);
    }
    loaded
}

/// The text of one policy, by its bytes in the file.
type Span = (usize, usize);

/// Where the rule of an id stands.
type Places<'a> = HashMap<RuleId, (&'a Source, Span)>;

fn check_source<'a>(source: &'a Source, loaded: &mut Loaded, places: &mut Places<'a>) {
    let Source { path, text } = source;
    let set: PolicySet = match text.parse() {
        Ok(set) => set,
        Err(errors) => {
            let errors: cedar_policy::ParseErrors = errors;
            loaded.problems.extend(errors.iter().map(|error| Problem::of_cedar(path, text, (0, 0), error)));
            return;
        }
    };
    if let Some(template) = set.templates().next() {
        let at = template.to_string();
        let start = text.find(&at).unwrap_or(0);
        let what = "a template permits nothing by itself; write its principal and resource out";
        loaded.problems.push(Problem::at(path, text, start, start + at.len(), what));
        return;
    }
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut spans: HashMap<PolicyId, (Span, bool)> = HashMap::new();
    for (policy, span) in in_file_order(&set, text) {
        let problem_at = |NotARule { what, at }: NotARule| {
            // The JSON form that refused has no positions, so the words are looked up in the policy's own text.
            let own = text.get(span.0..span.1).unwrap_or_default();
            let (start, end) = own.find(&at).map_or(span, |found| (span.0 + found, span.0 + found + at.len()));
            Problem::at(path, text, start, end, what)
        };
        match Rule::read(policy, &format!("{file_name}:{}", policy.id()), loaded.rules.len()) {
            Ok(rule) => {
                if let Some((first, (start, end))) = places.get(&rule.id) {
                    let first = Problem::at(&first.path, &first.text, *start, *end, "");
                    let (line, column) = first.position.unwrap_or((1, 1));
                    let (id, first) = (rule.id.as_str(), first.path.display());
                    let what = format!("the id {id:?} is taken by the policy at {first}:{line}:{column}");
                    loaded.problems.push(problem_at(NotARule { what, at: format!("{id:?}") }));
                } else {
                    places.insert(rule.id.clone(), (source, span));
                }
                spans.insert(policy.id().clone(), (span, rule.looks.arguments != ArgumentLooks::None));
                loaded.rules.push(rule);
            }
            Err(refusal) => loaded.problems.push(problem_at(refusal)),
        }
    }
    validate(source, &set, &spans, loaded);
}

/// The policies as they stand in the file; Cedar numbers them from zero and keeps them in no order.
fn in_file_order<'a>(set: &'a PolicySet, text: &str) -> Vec<(&'a Policy, Span)> {
    let mut policies: Vec<_> = set.policies().collect();
    policies.sort_by_key(|policy| policy.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(0));
    let mut cursor = 0;
    let mut placed = Vec::with_capacity(policies.len());
    for policy in policies {
        let own = policy.to_string();
        let start = text.get(cursor..).and_then(|rest| rest.find(&own)).map_or(cursor, |found| cursor + found);
        cursor = start + own.len();
        placed.push((policy, (start, cursor)));
    }
    placed
}

/// Cedar's strict validation. A policy that was refused already is not judged twice, and what the validator says of open
/// arguments, which it takes for an empty record, is left out.
fn validate(source: &Source, set: &PolicySet, spans: &HashMap<PolicyId, (Span, bool)>, loaded: &mut Loaded) {
    let Source { path, text } = source;
    let result = VALIDATOR.validate(set, ValidationMode::Strict);
    let mut refused = HashSet::new();
    for error in result.validation_errors() {
        match spans.get(error.policy_id()) {
            Some((span, on_arguments)) if !(*on_arguments && is_about_types(error)) => {
                let mut problem = Problem::of_cedar(path, text, *span, error);
                if matches!(error, ValidationError::UnrecognizedActionId(_)) {
                    problem.what = unknown_action();
                }
                loaded.problems.push(problem);
                refused.insert(error.policy_id().clone());
            }
            _ => {}
        }
    }
    for warning in result.validation_warnings() {
        let Some((span, on_arguments)) = spans.get(warning.policy_id()) else { continue };
        let problem = Problem::of_cedar(path, text, *span, warning);
        match warning {
            _ if refused.contains(warning.policy_id()) => {}
            // A forbid that never applies is a hole that its author does not know of.
            ValidationWarning::InvalidActionApplication(_) => loaded.problems.push(problem),
            ValidationWarning::ImpossiblePolicy(_) if *on_arguments => {}
            _ => loaded.warnings.push(problem),
        }
    }
    let order = |problem: &Problem| (problem.path.clone(), problem.position);
    loaded.problems.sort_by_key(order);
    loaded.problems.dedup();
    loaded.warnings.sort_by_key(order);
    loaded.warnings.dedup();
}

fn unknown_action() -> String {
    let methods = Action::ALL.iter().map(|action| action.as_str());
    let groups = ActionGroup::ALL.iter().map(|group| group.as_str());
    format!("there is no such action; known are {}", methods.chain(groups).collect::<Vec<_>>().join(", "))
}

/// Whether the finding rests on the type of an expression, which nobody knows where arguments are in it.
fn is_about_types(error: &ValidationError) -> bool {
    matches!(
        error,
        ValidationError::UnexpectedType(_)
            | ValidationError::IncompatibleTypes(_)
            | ValidationError::UnsafeAttributeAccess(_)
            | ValidationError::UnsafeOptionalAttributeAccess(_)
            | ValidationError::EmptySetForbidden(_)
            | ValidationError::NonLitExtConstructor(_)
    )
}
