//! Prints the reference of the configuration, or with `--schema` its JSON Schema.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    if std::env::args().any(|argument| argument == "--schema") {
        println!("{:#}", config::schema());
    } else {
        print!("{}", config::reference_markdown());
    }
}
