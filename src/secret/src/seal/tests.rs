//! What a sealed value gives back, to whom, and that it gives nothing away.

use proptest::prelude::*;

use super::*;
use crate::FileKey;

fn key() -> KeyEncryptionKey {
    let raw = KeyBytes::random().unwrap();
    KeyEncryptionKey::from_file_key(&FileKey::read(raw.expose().as_slice()).unwrap(), &[0; 16])
}

fn secret_bytes(bytes: &[u8]) -> SecretBytes {
    SecretBytes::new(Zeroizing::new(bytes.to_vec()))
}

#[test]
fn what_was_sealed_opens_under_the_same_key_and_context() {
    let (key, text) = (key(), Secret::new(Zeroizing::new("päßword".to_owned())));
    let sealed = Sealed::seal_text(&text, b"context", &key).unwrap();
    let stored = Sealed::from_bytes(sealed.as_bytes().to_vec()).unwrap();
    let unlocked = stored.unlock(b"context", &key).unwrap();
    assert_eq!(unlocked.open_text(b"context").unwrap().expose(), "päßword");
    assert_eq!(unlocked.sealed(), &sealed);
}

#[test]
fn another_key_context_or_byte_gives_one_and_the_same_error() {
    let (key, other) = (key(), key());
    let sealed = Sealed::seal(&secret_bytes(b"canary"), b"context", &key).unwrap();
    assert_eq!(sealed.clone().unlock(b"context", &other).unwrap_err(), CannotOpen);
    assert_eq!(sealed.clone().unlock(b"contexT", &key).unwrap_err(), CannotOpen);
    assert_eq!(sealed.clone().unlock(b"", &key).unwrap_err(), CannotOpen);
    let unlocked = sealed.clone().unlock(b"context", &key).unwrap();
    assert_eq!(unlocked.open(b"contexT").unwrap_err(), CannotOpen);
    assert_eq!(unlocked.open(b"context").unwrap().expose(), b"canary");

    let bits = sealed.as_bytes().len() * 8;
    let refused = (0..bits).filter(|bit| {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Sealed::from_bytes(bytes).and_then(|sealed| sealed.unlock(b"context", &key)).is_err()
    });
    assert_eq!((refused.count(), bits), (8 * 147, 8 * 147));
}

#[test]
fn a_value_cut_anywhere_does_not_open() {
    let key = key();
    let sealed = Sealed::seal(&secret_bytes(b"canary"), b"context", &key).unwrap();
    for length in 0..sealed.as_bytes().len() {
        let cut = sealed.as_bytes().get(..length).unwrap().to_vec();
        assert!(Sealed::from_bytes(cut).and_then(|cut| cut.unlock(b"context", &key)).is_err(), "{length}");
    }
}

#[test]
fn no_part_of_one_value_fits_another() {
    let key = key();
    let one = Sealed::seal(&secret_bytes(b"canary"), b"context", &key).unwrap();
    let two = Sealed::seal(&secret_bytes(b"canarY"), b"context", &key).unwrap();
    let (length, mut mixed) = (one.as_bytes().len(), 0);
    for at in 1..length {
        let bytes = [one.as_bytes().get(..at).unwrap(), two.as_bytes().get(at..).unwrap()].concat();
        // Where the cut lies between equal bytes, the mixture may be one of the two.
        if bytes != one.as_bytes() && bytes != two.as_bytes() {
            mixed += 1;
            assert_eq!(Sealed::from_bytes(bytes).unwrap().unlock(b"context", &key).unwrap_err(), CannotOpen);
        }
    }
    assert!(mixed > length - 10, "{mixed}");
}

#[test]
fn the_same_secret_is_never_sealed_to_the_same_bytes() {
    let key = key();
    let seal = || Sealed::seal(&secret_bytes(&[0; 64]), b"context", &key).unwrap();
    let (one, two) = (seal(), seal());
    let same = one.as_bytes().iter().zip(two.as_bytes()).skip(1).filter(|(a, b)| a == b).count();
    // 204 random bytes agree in 0.8 places on average.
    assert!(same < 16, "{same}");
}

#[test]
fn a_rewrapped_value_opens_under_the_new_key_only() {
    let (old, new) = (key(), key());
    let sealed = Sealed::seal(&secret_bytes(b"canary"), b"context", &old).unwrap();
    let rewrapped = sealed.clone().unlock(b"context", &old).unwrap().rewrap(b"context", &new).unwrap();
    assert_eq!(rewrapped.payload(), sealed.payload());
    assert_eq!(rewrapped.clone().unlock(b"context", &old).unwrap_err(), CannotOpen);
    assert_eq!(rewrapped.unlock(b"context", &new).unwrap().open(b"context").unwrap().expose(), b"canary");
}

#[test]
fn limits_and_text_are_held() {
    let key = key();
    let largest = secret_bytes(&vec![b'x'; PLAINTEXT_LENGTH_MAX]);
    assert!(Sealed::seal(&largest, b"", &key).unwrap().unlock(b"", &key).unwrap().open(b"").is_ok());
    let larger = secret_bytes(&vec![b'x'; PLAINTEXT_LENGTH_MAX + 1]);
    assert_eq!(Sealed::seal(&larger, b"", &key).unwrap_err(), CannotSeal::TooLong);
    let no_text = Sealed::seal(&secret_bytes(&[0xff]), b"", &key).unwrap().unlock(b"", &key).unwrap();
    assert_eq!(no_text.open_text(b"").unwrap_err(), CannotOpen);
    assert_eq!(no_text.open(b"").unwrap().expose(), [0xff]);
}

#[test]
fn debug_shows_a_length_and_no_byte() {
    let key = key();
    let sealed = Sealed::seal(&secret_bytes(b"canary"), b"", &key).unwrap();
    assert_eq!(format!("{sealed:?}"), "Sealed(147 bytes)");
    assert_eq!(format!("{:?}", sealed.unlock(b"", &key).unwrap()), "Unlocked(147 bytes)");
}

proptest! {
    #[test]
    fn any_bytes_under_any_context_come_back(plain in prop::collection::vec(any::<u8>(), 0..300), context in prop::collection::vec(any::<u8>(), 0..100)) {
        let key = key();
        let sealed = Sealed::seal(&secret_bytes(&plain), &context, &key).unwrap();
        let opened = sealed.unlock(&context, &key).unwrap().open(&context).unwrap();
        prop_assert_eq!(opened.expose(), plain.as_slice());
    }

    #[test]
    fn foreign_bytes_never_open_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() { *first = VERSION; }
        prop_assert!(Sealed::from_bytes(bytes).and_then(|sealed| sealed.unlock(b"", &key())).is_err());
    }
}
