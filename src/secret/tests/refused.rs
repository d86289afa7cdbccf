//! What must not compile: a secret that is printed, serialized, copied or compared.

/// Each file names one trait and three types that must not have it; beside it stands what the compiler answers.
#[test]
fn a_secret_is_not_printed_serialized_copied_or_compared() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}

/// The control of the test above: the same bound on a type that has the traits does compile.
#[test]
fn the_same_bound_compiles_for_a_plain_type() {
    fn needs<T: Clone + PartialEq + std::fmt::Display + serde::Serialize>() {}
    needs::<String>();
}
