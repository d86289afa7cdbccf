//! Path patterns of operations: how they are written, and which lies within which.

/// A path has at most this many segments in a pattern; deeper than any real interface, and it bounds the search's recursion.
const SEGMENTS_MAX: usize = 64;

/// Why a method and path do not make an operation.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidOperation {
    /// Without a method nothing matches; twice the same is a slip.
    #[error("an operation names each of its methods once, and at least one")]
    Methods,
    /// Methods are case-sensitive (RFC 9110, section 9.1); these two open tunnels or echo credentials back.
    #[error("a method is written in capitals, such as GET, and is neither CONNECT nor TRACE")]
    Method,
    /// A path is absolute.
    #[error("a path begins with a slash, such as /invoices/{{id}}")]
    NotRooted,
    /// An empty, `.` or `..` segment means different things to different servers.
    #[error("a path has no empty, '.' or '..' segment")]
    AmbiguousSegment,
    /// `**` stands for the rest.
    #[error("`**` is a whole segment, and the last one")]
    Rest,
    /// A placeholder stands for one whole segment.
    #[error("a placeholder is a whole segment such as {{id}}, of a-z, A-Z, 0-9, '_' and '-'")]
    Placeholder,
    /// A literal is written as servers compare it.
    #[error(
        "a path holds a-z, A-Z, 0-9 and -._~!$&'()+,=:@ only; write a placeholder where other characters may stand"
    )]
    Character,
    /// The path is too deep.
    #[error("a path has at most 64 segments")]
    TooDeep,
}

/// A segment of a path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Exactly this text; empty only as the last one, for a path that ends with a slash.
    Literal(Box<str>),
    /// `{name}`: any one segment that is not empty.
    Placeholder,
    /// `**`: one or more segments to the end; always last.
    Rest,
}

/// Reads a path, where `{name}` is one segment and a trailing `/**` is one or more.
pub(super) fn read_pattern(path: &str) -> Result<Vec<Segment>, InvalidOperation> {
    let segments = path.strip_prefix('/').ok_or(InvalidOperation::NotRooted)?;
    let last = segments.split('/').count() - 1;
    if last >= SEGMENTS_MAX {
        return Err(InvalidOperation::TooDeep);
    }
    let read = |(at, text): (usize, &str)| match text {
        "**" if at == last => Ok(Segment::Rest),
        "." | ".." => Err(InvalidOperation::AmbiguousSegment),
        "" if at < last => Err(InvalidOperation::AmbiguousSegment),
        _ if text.contains('*') => Err(InvalidOperation::Rest),
        _ if text.contains(['{', '}']) => read_placeholder(text),
        _ if text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()+,=:@".contains(&b)) => {
            Ok(Segment::Literal(text.into()))
        }
        _ => Err(InvalidOperation::Character),
    };
    segments.split('/').enumerate().map(read).collect()
}

fn read_placeholder(text: &str) -> Result<Segment, InvalidOperation> {
    let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or(InvalidOperation::Placeholder)?;
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if fits { Ok(Segment::Placeholder) } else { Err(InvalidOperation::Placeholder) }
}

/// Whether some path matches both patterns.
pub(super) fn overlap(one: &[Segment], other: &[Segment]) -> bool {
    match (one, other) {
        ([], []) | ([Segment::Rest, ..], [Segment::Rest, ..]) => true,
        ([], _) | (_, []) => false,
        ([Segment::Rest, ..], more) | (more, [Segment::Rest, ..]) => !ends_with_slash(more),
        ([first, one @ ..], [second, other @ ..]) => {
            (matches(first, second) || matches(second, first)) && overlap(one, other)
        }
    }
}

/// Whether `wide` matches every path that `narrow` matches.
pub(super) fn covers(wide: &[Segment], narrow: &[Segment]) -> bool {
    match (wide, narrow) {
        ([], []) => true,
        ([], _) | (_, []) => false,
        ([Segment::Rest, ..], narrow) => !ends_with_slash(narrow),
        (_, [Segment::Rest, ..]) => false,
        ([first, wide @ ..], [second, narrow @ ..]) => matches(first, second) && covers(wide, narrow),
    }
}

/// Whether one segment of a pattern matches all that the other one does.
fn matches(wide: &Segment, narrow: &Segment) -> bool {
    match (wide, narrow) {
        (Segment::Literal(one), Segment::Literal(other)) => one == other,
        (Segment::Placeholder, Segment::Literal(text)) => !text.is_empty(),
        (Segment::Placeholder, Segment::Placeholder) | (Segment::Rest, _) => true,
        (Segment::Literal(_), Segment::Placeholder | Segment::Rest) | (Segment::Placeholder, Segment::Rest) => false,
    }
}

fn ends_with_slash(pattern: &[Segment]) -> bool {
    matches!(pattern.last(), Some(Segment::Literal(text)) if text.is_empty())
}
