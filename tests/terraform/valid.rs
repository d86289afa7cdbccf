//! Every module and example is formatted, fits the providers' arguments, and passes its own tests.

use std::fs;

use super::modules;
use crate::support::{
    peers::{self, or_skip},
    terraform::Terraform,
};

#[tokio::test]
async fn the_modules_are_formatted() {
    let terraform = Terraform::new(&or_skip!(peers::terraform()));
    assert_eq!(terraform.must(".", &["fmt", "-check", "-recursive"]).await, "");

    fs::write(terraform.path("modules/askew.tf"), "locals {\na=1\n}\n").expect("a test's folder");
    assert_eq!(terraform.run(".", &["fmt", "-check", "-recursive"]).await.code, Some(3));
}

#[tokio::test]
async fn the_examples_are_valid() {
    let terraform = Terraform::new(&or_skip!(peers::terraform()));
    let mut examples = Vec::new();
    for module in modules() {
        let folder = format!("modules/{module}/examples");
        let entries = fs::read_dir(terraform.path(&folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        examples.extend(entries.map(|entry| format!("{folder}/{}", entry.expect("an entry").file_name().display())));
    }
    assert!(examples.len() >= modules().len(), "{examples:?}");
    for example in &examples {
        terraform.must(example, &["get"]).await;
        terraform.must(example, &["validate"]).await;
    }

    let main = terraform.path(&examples[0]).join("main.tf");
    let text = fs::read_to_string(&main).expect("an example").replace("source =", "misspelt = 1\n  source =");
    fs::write(main, text).expect("a test's folder");
    let refused = terraform.run(&examples[0], &["validate"]).await;
    assert!(refused.code == Some(1) && refused.stderr.contains("misspelt"), "{refused:?}");
}

#[tokio::test]
async fn the_modules_pass_their_own_tests() {
    let terraform = Terraform::new(&or_skip!(peers::terraform()));
    for module in modules() {
        let said = terraform.must(&format!("modules/{module}"), &["test"]).await;
        assert!(said.contains(" 0 failed") && !said.contains("Success! 0 passed"), "{said}");
    }
}

#[tokio::test]
async fn an_argument_that_a_provider_does_not_take_is_found() {
    let terraform = Terraform::new(&or_skip!(peers::terraform()));
    let folder = "modules/vault-trust";
    let database = terraform.path(folder).join("database.tf");
    let text = fs::read_to_string(&database).expect("the module").replace("max_ttl ", "maximum_ttl ");
    fs::write(database, text).expect("a test's folder");
    let refused = terraform.run(folder, &["validate"]).await;
    assert!(refused.code == Some(1) && refused.stderr.contains("\"maximum_ttl\" is not expected"), "{refused:?}");
}
