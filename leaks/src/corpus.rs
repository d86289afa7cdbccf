//! The corpus: each case is a credential of some shape, in some encoding, in some channel, cut in some way.

use crate::{
    channel::{Channel, Planted, Reply},
    encoding::{Class, Encoding},
    random::Random,
    shape::Credential,
    split::Split,
};

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// How the credential is written.
    pub encoding: Encoding,
    /// Where it stands.
    pub channel: Channel,
    /// How the answer is cut.
    pub split: Split,
    /// Which credential, by its number among those of the run.
    pub credential: usize,
    /// Which of the places at which it may be cut.
    pub salt: usize,
}

impl Case {
    /// Its name, by which an upstream knows what to answer.
    #[must_use]
    pub fn id(&self) -> String {
        let Self { encoding, channel, split, credential, salt } = self;
        format!("{}.{}.{}.{credential}.{salt}", encoding.name, channel.name, split.name())
    }

    /// The case of that name.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        let mut parts = id.split('.');
        let encoding = Encoding::named(parts.next()?)?;
        let channel = Channel::named(parts.next()?)?;
        let split = parts.next()?;
        let split = Split::ALL.into_iter().find(|known| known.name() == split)?;
        let (credential, salt) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { encoding, channel, split, credential, salt })
    }

    /// The answer that gives `secret` away, or `None` where such a case cannot be.
    #[must_use]
    pub fn reply(&self, secret: &[u8], id: &serde_json::Value) -> Option<Reply> {
        let reply = self.channel.reply(&Planted { encoded: self.encoding.write(secret) }, id)?;
        if !self.split.applies_to(&reply) || self.encoding.coding().is_some() && reply.place.is_none() {
            return None;
        }
        let reply = self.split.prepare(reply, self.salt);
        Some(self.encoding.coding().map_or(reply.clone(), |coding| reply.coded(coding)))
    }
}

/// Which cases.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Decides where each is cut.
    pub seed: u64,
    /// Of which classes.
    pub classes: &'static [Class],
    /// Every how many-th.
    pub every: usize,
    /// Of encodings and channels alone whose names begin with one of these; empty for all.
    pub only: Vec<String>,
}

impl Corpus {
    /// All cases that can be, in an order that mixes them; the same for the same seed.
    #[must_use]
    pub fn cases(&self, credentials: &[Credential]) -> Vec<Case> {
        let mut random = Random::new(self.seed);
        let mut cases = Vec::new();
        let (channels, id) = (Channel::all().collect::<Vec<_>>(), serde_json::Value::from(1));
        for encoding in Encoding::all().filter(|encoding| self.classes.contains(&encoding.class)) {
            for (credential, text) in credentials.iter().enumerate() {
                let planted = Planted { encoded: encoding.write(text.text().as_bytes()) };
                for channel in &channels {
                    let Some(reply) = channel.reply(&planted, &id) else { continue };
                    if encoding.coding().is_some() && reply.place.is_none() {
                        continue;
                    }
                    for split in Split::ALL.into_iter().filter(|split| split.applies_to(&reply)) {
                        let salt = random.below(1 << 20);
                        cases.push(Case { encoding, channel: *channel, split, credential, salt });
                    }
                }
            }
        }
        cases.retain(|case| self.has(case));
        for place in (1..cases.len()).rev() {
            cases.swap(place, random.below(place + 1));
        }
        cases.into_iter().step_by(self.every.max(1)).collect()
    }

    fn has(&self, case: &Case) -> bool {
        let names = [case.encoding.name, case.channel.name];
        self.only.is_empty() || self.only.iter().any(|only| names.iter().any(|name| name.starts_with(only.as_str())))
    }
}
