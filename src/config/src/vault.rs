//! `[vault]`: where the key comes from that seals the stored credentials.

use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    address::existing_file,
    at::{At, Number, Value},
    file::all_default,
    problem::Problems,
};

/// The stored credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vault {
    /// Where the key-encryption key comes from.
    pub key: KeySource,
}

/// Where the key-encryption key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A passphrase that is asked for on the terminal.
    PassphrasePrompt,
    /// A passphrase that is read from an open file descriptor.
    PassphraseFileDescriptor(u32),
    /// A key that is read from an open file descriptor.
    KeyFileDescriptor(u32),
    /// A key in a file, which exists, and which only its owner can change and only its owner and group can read.
    KeyFile(PathBuf),
}

/// The key that seals the stored credentials.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VaultTable {
    /// Where that key comes from: exactly one of the keys below. The default asks on the terminal: `{ passphrase = "prompt" }`.
    #[schemars(with = "Option<KeyTable>")]
    key: Option<Spanned<KeyTable>>,
}

/// Exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyTable {
    /// Always the word `prompt`: the passphrase is asked for on the terminal, and never stands in a file.
    passphrase: Option<At<Prompt>>,
    /// An open file descriptor from which the passphrase is read.
    passphrase_file_descriptor: Option<At<Number<0, 1023>>>,
    /// An open file descriptor from which the key is read: 32 random bytes.
    key_file_descriptor: Option<At<Number<0, 1023>>>,
    /// A file of 32 random bytes; only its owner may change it, and only its owner and group may read it. Keep it apart from the
    /// data directory.
    key_file: Option<At<PathBuf>>,
}

all_default!(VaultTable);

impl VaultTable {
    pub(crate) fn check(self, problems: &mut Problems<'_>) -> Vault {
        let Some(key) = self.key else { return Vault { key: KeySource::PassphrasePrompt } };
        let span = key.span();
        let KeyTable { passphrase, passphrase_file_descriptor, key_file_descriptor, key_file } = key.into_inner();
        let descriptor = |number: At<Number<0, 1023>>| number.value.0;
        let key = match (passphrase, passphrase_file_descriptor, key_file_descriptor, key_file) {
            (Some(word), None, None, None) => {
                if !word.value.is_the_word {
                    problems
                        .at_hidden(&word.span, "a passphrase does not stand in a file")
                        .help_with("write `passphrase = \"prompt\"`, or use `passphrase_file_descriptor`");
                }
                KeySource::PassphrasePrompt
            }
            (None, Some(number), None, None) => KeySource::PassphraseFileDescriptor(descriptor(number)),
            (None, None, Some(number), None) => KeySource::KeyFileDescriptor(descriptor(number)),
            (None, None, None, Some(path)) => KeySource::KeyFile(existing_file(&path, true, problems)),
            _ => {
                problems.at(&span, "the key comes from exactly one source").help_with(
                    "write one of `passphrase`, `passphrase_file_descriptor`, `key_file_descriptor` and `key_file`",
                );
                KeySource::PassphrasePrompt
            }
        };
        Vault { key }
    }
}

/// The word `prompt`. Whatever else stands there is likely a passphrase: it is dropped at once, and never shown.
#[derive(Debug)]
pub(crate) struct Prompt {
    is_the_word: bool,
}

impl Value for Prompt {
    type Written = String;

    fn read(written: String) -> Result<Self, String> {
        Ok(Self { is_the_word: written == "prompt" })
    }

    fn write(&self) -> String {
        "prompt".to_owned()
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["prompt"] })
    }
}
