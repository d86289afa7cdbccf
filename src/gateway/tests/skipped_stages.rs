//! What must not compile: a stage of a call that is skipped, and evidence that is forged, copied or used twice.

/// Each file makes one such mistake; beside it stands what the compiler answers.
#[test]
fn a_skipped_stage_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/skipped_stages/*.rs");
}

/// The control of the test above: the same types, each used in its turn, do compile.
#[test]
fn stages_in_order_compile() {
    trybuild::TestCases::new().pass("tests/stages_in_order/*.rs");
}
