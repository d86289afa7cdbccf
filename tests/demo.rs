//! The demonstration tells its story to the end. It asserts each of its own claims, and searches what it printed for its keys.

use crate::support::program;

#[tokio::test]
async fn the_demonstration_holds_what_it_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let told = program::run(folder.path(), &["demo", "--once"], "").await;
    assert_eq!(told.code, Some(0), "{}\n{}", told.stdout, told.stderr);
    for claim in ["what the agent saw", "(masked-secret)", "TAMPERED WITH", "policy does not permit this call"] {
        assert!(told.stdout.contains(claim), "{claim:?} is not in\n{}", told.stdout);
    }
}
