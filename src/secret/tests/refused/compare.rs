fn needs<T: PartialEq>() {}

fn main() {
    needs::<secret::Secret>();
    needs::<secret::SecretBytes>();
    needs::<secret::KeyEncryptionKey>();
}
