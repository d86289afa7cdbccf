//! What stands in columns, and back; a row that makes no sense is an error.

mod minting;
mod session;

use model::Timestamp;

use crate::StoreError;

pub(crate) use self::{
    minting::minting,
    session::{SessionColumns, session},
};

/// A time as SQLite holds it.
///
/// # Errors
/// [`StoreError::TimeOutOfRange`].
pub(crate) fn millis(time: Timestamp) -> Result<i64, StoreError> {
    i64::try_from(time.as_millis()).map_err(|_| StoreError::TimeOutOfRange)
}

/// A list, as a JSON array of texts.
pub(crate) fn array<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}

fn timestamp(millis: i64) -> Result<Timestamp, sqlx::Error> {
    u64::try_from(millis).map(Timestamp::from_millis).map_err(|e| sqlx::Error::Decode(e.into()))
}

fn parsed<T>(text: &str) -> Result<T, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|e: T::Err| sqlx::Error::Decode(e.into()))
}

fn list<T>(json: &str) -> Result<Vec<T>, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let texts: Vec<String> = serde_json::from_str(json).map_err(|e| sqlx::Error::Decode(e.into()))?;
    texts.iter().map(|text| parsed(text)).collect()
}
