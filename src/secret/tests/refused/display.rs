fn needs<T: std::fmt::Display>() {}

fn main() {
    needs::<secret::Secret>();
    needs::<secret::SecretBytes>();
    needs::<secret::KeyEncryptionKey>();
}
