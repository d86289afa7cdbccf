//! Rebuilds the crate when a migration is added, which the macro that embeds them cannot see.

fn main() {
    let mut out = std::io::stdout().lock();
    std::io::Write::write_all(&mut out, b"cargo:rerun-if-changed=migrations\n")
        .expect("cargo reads what is written here");
}
