fn needs<T: serde::Serialize>() {}

fn main() {
    needs::<secret::Secret>();
    needs::<secret::SecretBytes>();
    needs::<secret::KeyEncryptionKey>();
}
