//! Finds any of many texts in one pass, however many there are.

use std::collections::HashMap;

use super::forms;

/// So many bytes in the middle of a text are looked up at every place; the middle of a secret is random.
const KEY_LENGTH: usize = 8;

/// Two bytes of a key, for a first look that rejects most places.
const FIRST_LOOK: usize = 1 << 16;

#[derive(Debug)]
struct Needle {
    secret: usize,
    form: &'static str,
    text: Vec<u8>,
    /// Where the key stands in the text.
    key_at: usize,
}

/// All texts that are looked for.
#[derive(Debug)]
pub(super) struct Index {
    names: Vec<String>,
    secrets: HashMap<String, usize>,
    by_key: HashMap<[u8; KEY_LENGTH], Vec<Needle>>,
    first_look: Vec<bool>,
}

impl Default for Index {
    fn default() -> Self {
        let first_look = vec![false; FIRST_LOOK];
        Self { names: Vec::new(), secrets: HashMap::new(), by_key: HashMap::new(), first_look }
    }
}

impl Index {
    pub(super) fn add(&mut self, name: &str, text: &str) {
        if self.secrets.contains_key(text) {
            return;
        }
        let secret = self.names.len();
        self.names.push(name.to_owned());
        self.secrets.insert(text.to_owned(), secret);
        for (form, text) in forms::forms(text) {
            let key_at = (text.len() - KEY_LENGTH) / 2;
            let key: [u8; KEY_LENGTH] = text[key_at..key_at + KEY_LENGTH].try_into().expect("the length of a key");
            self.first_look[first_look(&key)] = true;
            let needles = self.by_key.entry(key).or_default();
            // Plain characters look the same in several forms.
            if !needles.iter().any(|known| known.text == text) {
                needles.push(Needle { secret, form, text, key_at });
            }
        }
    }

    /// The name and the form of everything that stands in `bytes`, each once.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<(String, &'static str)> {
        let mut found = Vec::new();
        for (at, window) in bytes.windows(KEY_LENGTH).enumerate() {
            if !self.first_look[first_look(window)] {
                continue;
            }
            let Some(needles) = self.by_key.get(window) else { continue };
            for Needle { secret, form, text, key_at } in needles {
                let is_here = at.checked_sub(*key_at).is_some_and(|start| bytes[start..].starts_with(text));
                if is_here && !found.iter().any(|(known, of)| (known, of) == (secret, form)) {
                    found.push((*secret, *form));
                }
            }
        }
        found.into_iter().map(|(secret, form)| (self.names[secret].clone(), form)).collect()
    }
}

fn first_look(window: &[u8]) -> usize {
    let pair = |at: usize| usize::from(window[at]) << 8 | usize::from(window[at + 1]);
    (pair(0) ^ pair(2).rotate_left(3) ^ pair(4).rotate_left(5) ^ pair(6).rotate_left(7)) % FIRST_LOOK
}
