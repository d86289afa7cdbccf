//! A passphrase made into a key: Argon2id and what it may cost.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize;

use crate::{Secret, key::SALT_LENGTH};

/// What one guess at a passphrase costs (Argon2id, RFC 9106). They are stored beside the salt; whoever could write cheaper
/// ones there gains nothing, because they give another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    memory_kibibytes: u32,
    passes: u32,
    lanes: u32,
}

/// The most memory that is spent because a file asks for it: the file is read before anything in it is authenticated.
const MEMORY_KIBIBYTES_MAX: u32 = 1024 * 1024;
/// The most passes, for the same reason.
const PASSES_MAX: u32 = 64;
/// The most lanes, for the same reason.
const LANES_MAX: u32 = 16;

/// Why parameters are refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("Argon2id takes 1 to {PASSES_MAX} passes, 1 to {LANES_MAX} lanes and 8 KiB per lane to 1 GiB of memory")]
pub struct InvalidParameters;

/// The memory for one stretch could not be had.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("stretching the passphrase needs {memory_kibibytes} KiB of memory, and there is less; free some and try again")]
pub struct CannotStretch {
    memory_kibibytes: u32,
}

impl Parameters {
    /// 64 MiB and 3 passes, as in RFC 9106, section 4; one lane, because this implementation walks lanes one after the other
    /// and a second lane would only help who guesses on more cores.
    pub const RECOMMENDED: Self = Self { memory_kibibytes: 64 * 1024, passes: 3, lanes: 1 };

    /// Other parameters: dearer ones for a strong machine, cheaper ones where nothing is protected.
    ///
    /// # Errors
    /// Outside of what a machine should be asked for by a file.
    pub fn new(memory_kibibytes: u32, passes: u32, lanes: u32) -> Result<Self, InvalidParameters> {
        let fits = (1..=PASSES_MAX).contains(&passes)
            && (1..=LANES_MAX).contains(&lanes)
            && (8 * lanes..=MEMORY_KIBIBYTES_MAX).contains(&memory_kibibytes);
        if fits { Ok(Self { memory_kibibytes, passes, lanes }) } else { Err(InvalidParameters) }
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kibibytes(self) -> u32 {
        self.memory_kibibytes
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    /// Writes the key into `key`; the memory that Argon2 worked in is wiped.
    pub(crate) fn stretch(
        self,
        passphrase: &Secret,
        salt: &[u8; SALT_LENGTH],
        key: &mut [u8; 32],
    ) -> Result<(), CannotStretch> {
        let cannot = || CannotStretch { memory_kibibytes: self.memory_kibibytes };
        let params = Params::new(self.memory_kibibytes, self.passes, self.lanes, Some(key.len()))
            .expect("the constructor holds the bounds of Argon2");
        let mut memory = Vec::new();
        memory.try_reserve_exact(params.block_count()).map_err(|_| cannot())?;
        memory.resize(params.block_count(), Block::default());
        let stretched = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            passphrase.expose().as_bytes(),
            salt,
            key,
            &mut memory,
        );
        memory.zeroize();
        stretched.map_err(|_| cannot())
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self::RECOMMENDED
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::KeyEncryptionKey;

    const CHEAP: Parameters = Parameters { memory_kibibytes: 8, passes: 1, lanes: 1 };

    fn passphrase(text: &str) -> Secret {
        Secret::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_key_depends_on_the_passphrase_the_salt_and_every_parameter() {
        let tag = |text: &str, salt, (memory, passes, lanes)| {
            let parameters = Parameters::new(memory, passes, lanes).unwrap();
            KeyEncryptionKey::from_passphrase(&passphrase(text), salt, parameters).unwrap().tag("test", b"message")
        };
        let same = tag("correct horse", &[1; 16], (16, 1, 1));
        assert_eq!(tag("correct horse", &[1; 16], (16, 1, 1)), same);
        for other in [
            tag("correct horsf", &[1; 16], (16, 1, 1)),
            tag("correct horse", &[2; 16], (16, 1, 1)),
            tag("correct horse", &[1; 16], (17, 1, 1)),
            tag("correct horse", &[1; 16], (16, 2, 1)),
            tag("correct horse", &[1; 16], (16, 1, 2)),
        ] {
            assert_ne!(other, same);
        }
    }

    #[test]
    fn a_stretched_key_is_what_another_implementation_computes() {
        // The expected key was computed with OpenSSL's Argon2id, through Python's `cryptography`.
        let mut key = [0; 32];
        let parameters = Parameters::new(256, 2, 1).unwrap();
        parameters.stretch(&passphrase("password"), b"somesalt12345678", &mut key).unwrap();
        let hexadecimal: String = key.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hexadecimal, "8110e1165eb0e1114ee37d5ff017573ba0084b8366b4108db44749954b8d9871");
    }

    #[test]
    fn parameters_that_would_exhaust_a_machine_are_refused() {
        assert_eq!(Parameters::default(), Parameters::RECOMMENDED);
        assert_eq!(Parameters::new(8, 1, 1), Ok(CHEAP));
        for (memory, passes, lanes) in
            [(7, 1, 1), (15, 1, 2), (u32::MAX, 1, 1), (64, 0, 1), (64, u32::MAX, 1), (64, 1, 0), (64, 1, u32::MAX)]
        {
            assert_eq!(Parameters::new(memory, passes, lanes), Err(InvalidParameters), "{memory} {passes} {lanes}");
        }
    }
}
