fn needs<T: Clone>() {}

fn main() {
    needs::<secret::Secret>();
    needs::<secret::SecretBytes>();
    needs::<secret::KeyEncryptionKey>();
}
