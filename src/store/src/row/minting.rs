//! A minting from its row.

use model::{Minted, Minting, Revocation};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{list, parsed, timestamp};

/// Reads a row of all columns.
///
/// # Errors
/// A column is missing, or does not hold what we write there.
pub(crate) fn minting(row: &SqliteRow) -> Result<Minting, sqlx::Error> {
    let text = |column: &'static str| row.try_get::<&str, _>(column);
    let time = |column: &'static str| row.try_get::<i64, _>(column).and_then(timestamp);
    let minted: (Option<&str>, Option<i64>) = (row.try_get("lease")?, row.try_get("expiry")?);
    Ok(Minting {
        id: parsed(text("id")?)?,
        provider: parsed(text("provider")?)?,
        credential: parsed(text("credential")?)?,
        session: parsed(text("session")?)?,
        session_end: time("session_end")?,
        begun: time("begun")?,
        made: list(text("made")?)?,
        minted: match minted {
            (Some(lease), Some(expiry)) => Some(Minted { lease: parsed(lease)?, expiry: timestamp(expiry)? }),
            (None, None) => None,
            _ => return Err(sqlx::Error::Decode("half a lease".into())),
        },
        revocation: Revocation {
            attempts: row.try_get("attempts")?,
            error: row.try_get("error")?,
            is_irrevocable: row.try_get("is_irrevocable")?,
        },
    })
}
