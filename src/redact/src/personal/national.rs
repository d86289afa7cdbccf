//! National numbers of persons and taxpayers: how each is written, how it proves itself, and what is said before it.

mod americas;
mod asia;
mod northern_europe;
mod pacific;
mod southern_europe;
mod western_europe;

use super::rule::Rule;

/// Every rule, part by part of the world.
pub(super) const RULES: [&[Rule]; 6] = [
    americas::RULES,
    asia::RULES,
    northern_europe::RULES,
    pacific::RULES,
    southern_europe::RULES,
    western_europe::RULES,
];
