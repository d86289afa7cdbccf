//! Signed notes as c2sp.org/signed-note defines them: a text with signature lines below it.
//!
//! In scope: the format, Ed25519 keys and signatures. Out of scope: what the text means (`checkpoint`), other signature types,
//! whose lines are read and ignored.

mod key;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use key::{InvalidKeyName, InvalidVerifierKey, KeyId, SigningKey, VerifierKey};

/// Signature lines that are read; the specification asks for at least 16.
pub const SIGNATURES_MAX: usize = 64;

/// Bytes of a note that are read: 64 post-quantum signatures of 5 kB, and a text.
pub const NOTE_LENGTH_MAX: usize = 512 * 1024;

/// A note is malformed, or nobody known has signed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The bytes are not a signed note.
    #[error("not a signed note")]
    Malformed,
    /// The note is longer, or has more signatures, than is read.
    #[error("the note is longer than {NOTE_LENGTH_MAX} bytes or has more than {SIGNATURES_MAX} signatures")]
    TooLarge,
    /// The named known key did not make the signature that carries its name and id.
    #[error("the signature of a known key does not verify: the note was altered")]
    WrongSignature,
    /// No signature is by a known key.
    #[error("the note is not signed by a known key")]
    Unsigned,
}

/// A text with signatures that are not yet judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: KeyId,
    signature: Vec<u8>,
}

impl Note {
    pub(crate) fn new(text: &str, signatures: Vec<NoteSignature>) -> Option<Self> {
        (text.ends_with('\n') && is_clean(text)).then(|| Self { text: text.to_owned(), signatures })
    }

    /// Reads a note without judging its signatures.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] and [`NoteError::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_LENGTH_MAX {
            return Err(NoteError::TooLarge);
        }
        let whole = str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if !is_clean(whole) {
            return Err(NoteError::Malformed);
        }
        let split = whole.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, rest) = whole.split_at(split + 1);
        let lines = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n')).ok_or(NoteError::Malformed)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteError::TooLarge);
            }
            signatures.push(NoteSignature::parse(line).ok_or(NoteError::Malformed)?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, if one of `known` has signed it and no signature of a known key is wrong; unknown keys are ignored.
    ///
    /// # Errors
    /// [`NoteError::WrongSignature`] and [`NoteError::Unsigned`].
    pub fn verify(&self, known: &[VerifierKey]) -> Result<&str, NoteError> {
        let mut verified = false;
        for line in &self.signatures {
            for key in known.iter().filter(|key| key.name() == line.name && key.id() == line.id) {
                if !key.accepts(&self.text, &line.signature) {
                    return Err(NoteError::WrongSignature);
                }
                verified = true;
            }
        }
        if verified { Ok(&self.text) } else { Err(NoteError::Unsigned) }
    }

    /// The text, for a reader who says that nobody vouches for it.
    #[must_use]
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The signature lines.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl NoteSignature {
    pub(crate) const fn new(name: String, id: KeyId, signature: Vec<u8>) -> Self {
        Self { name, id, signature }
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        key::check_name(name).ok()?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        (!signature.is_empty()).then(|| Self::new(name.to_owned(), *id, signature.to_vec()))
    }

    /// The name of the key that signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id[..], &self.signature].concat();
        write!(f, "— {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// No ASCII control character besides the newline.
fn is_clean(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 || byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The pair of keys and the note with which the Go implementation of notes is tested.
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PETER_LINE: &str =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
    const ENOCH_LINE: &str =
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

    fn key(text: &str) -> VerifierKey {
        text.parse().unwrap()
    }

    fn judge(note: &str, known: &[VerifierKey]) -> Result<String, NoteError> {
        Note::parse(note.as_bytes())?.verify(known).map(str::to_owned)
    }

    #[test]
    fn a_note_by_someone_else_verifies_with_each_of_its_keys() {
        let note = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}");
        for known in [vec![key(PETER)], vec![key(ENOCH)], vec![key(PETER), key(ENOCH)]] {
            assert_eq!(judge(&note, &known), Ok(TEXT.to_owned()));
        }
        assert_eq!(Note::parse(note.as_bytes()).unwrap().to_string(), note);
    }

    #[test]
    fn a_note_that_no_known_key_signed_is_refused() {
        let note = format!("{TEXT}\n{ENOCH_LINE}");
        assert_eq!(judge(&note, &[]), Err(NoteError::Unsigned));
        assert_eq!(judge(&note, &[key(PETER)]), Err(NoteError::Unsigned));
    }

    #[test]
    fn one_wrong_signature_of_a_known_key_refuses_the_whole_note() {
        let wrong = PETER_LINE.replace("ZJku", "ZJkv");
        assert_eq!(judge(&format!("{TEXT}\n{PETER_LINE}{wrong}"), &[key(PETER)]), Err(NoteError::WrongSignature));
        assert_eq!(judge(&format!("{TEXT}\n{wrong}{ENOCH_LINE}"), &[key(ENOCH)]), Ok(TEXT.to_owned()));
    }

    #[test]
    fn a_key_that_shares_only_the_name_or_only_the_id_is_unknown() {
        let renamed = PETER_LINE.replace("PeterNeumann", "CarmenSandiego");
        let other_id = PETER_LINE.replace("x08g", "xxxx");
        for line in [renamed, other_id] {
            assert_eq!(judge(&format!("{TEXT}\n{line}"), &[key(PETER)]), Err(NoteError::Unsigned));
        }
    }

    #[test]
    fn many_signatures_are_read_and_too_many_are_not() {
        let note = |lines: usize| format!("{TEXT}\n{}{PETER_LINE}", ENOCH_LINE.repeat(lines - 1));
        for lines in [1, 16, SIGNATURES_MAX] {
            assert_eq!(judge(&note(lines), &[key(PETER)]), Ok(TEXT.to_owned()), "{lines} lines");
        }
        assert_eq!(judge(&note(SIGNATURES_MAX + 1), &[key(PETER)]), Err(NoteError::TooLarge));
        let long = format!("{}\n\n{PETER_LINE}", "a".repeat(NOTE_LENGTH_MAX));
        assert_eq!(judge(&long, &[key(PETER)]), Err(NoteError::TooLarge));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let malformed = [
            String::new(),
            TEXT.to_owned(),
            format!("\n{TEXT}"),
            format!("{TEXT}\n{}", PETER_LINE.trim_end()),
            format!("{TEXT}\n{PETER_LINE}\n"),
            format!("\u{1}{TEXT}\n{PETER_LINE}"),
            format!("{TEXT}\r\n{PETER_LINE}"),
            format!("{TEXT}\n— Bad Name x08go/ZJkuBS9UG=\n"),
            format!("{TEXT}\n- PeterNeumann x08go/ZJkuBS9UG=\n"),
            format!("{TEXT}\n— PeterNeumann x08g\n"),
        ];
        for note in malformed {
            assert_eq!(judge(&note, &[key(PETER)]), Err(NoteError::Malformed), "{note:?}");
        }
        assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteError::Malformed));
    }

    #[test]
    fn the_last_empty_line_separates_the_text() {
        let signer = SigningKey::from_seed("quasimodo.example/salvatore", &[9; 32]).unwrap();
        let text = "trafitto da un raggio di sole:\n\ned e subito sera.\n";
        let note = signer.sign(text).unwrap().to_string();
        assert_eq!(judge(&note, &[signer.verifier().clone()]), Ok(text.to_owned()));
        assert!(signer.sign("no newline").is_none());
        assert!(signer.sign("bell\u{7}\n").is_none());
    }

    #[test]
    fn the_second_implementation_accepts_our_note_and_our_verifier_key() {
        let signer = SigningKey::from_seed("example.com/log", &[3; 32]).unwrap();
        let note = signer.sign(TEXT).unwrap().to_string();
        let verifier = signed_note::StandardVerifier::new(&signer.verifier().to_string()).unwrap();
        let theirs = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
        let (verified, unverified) = theirs.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
        assert_eq!((verified.len(), unverified.len(), theirs.text()), (1, 0, TEXT.as_bytes()));
    }

    proptest! {
        #[test]
        fn any_byte_changed_in_a_note_is_refused(at in any::<proptest::sample::Index>(), xor in 1_u8..) {
            let signer = SigningKey::from_seed("example.com/log", &[3; 32]).unwrap();
            let mut note = signer.sign(TEXT).unwrap().to_string().into_bytes();
            let at = at.index(note.len());
            note[at] ^= xor;
            let judged = Note::parse(&note).and_then(|note| note.verify(&[signer.verifier().clone()]).map(str::to_owned));
            prop_assert!(judged.is_err(), "byte {} of {:?}", at, note);
        }

        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert_eq!(note.to_string().into_bytes(), bytes);
            }
        }
    }
}
