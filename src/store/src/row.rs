//! A session as a row, and back; a row that makes no sense is no session.

use model::{Actor, Agent, Subject, Timestamp};
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::{Session, StoreError};

/// The columns that hold more than a text.
pub(crate) struct Columns {
    pub(crate) agent_groups: String,
    pub(crate) resources: String,
    pub(crate) scopes: String,
    pub(crate) created: i64,
    pub(crate) expires: i64,
    pub(crate) revoked: Option<i64>,
}

impl Columns {
    /// # Errors
    /// [`StoreError::TimeOutOfRange`].
    pub(crate) fn of(session: &Session) -> Result<Self, StoreError> {
        let groups = session.agent.groups.iter().map(model::GroupName::as_str);
        let resources = session.resources.iter().map(model::Resource::as_str);
        Ok(Self {
            agent_groups: serde_json::Value::from_iter(groups).to_string(),
            resources: serde_json::Value::from_iter(resources).to_string(),
            scopes: session.scopes.to_string(),
            created: millis(session.created)?,
            expires: millis(session.expires)?,
            revoked: session.revoked.map(millis).transpose()?,
        })
    }
}

/// A time as SQLite holds it.
///
/// # Errors
/// [`StoreError::TimeOutOfRange`].
pub(crate) fn millis(time: Timestamp) -> Result<i64, StoreError> {
    i64::try_from(time.as_millis()).map_err(|_| StoreError::TimeOutOfRange)
}

/// Reads a row of all columns.
///
/// # Errors
/// A column is missing, or does not hold what we write there.
pub(crate) fn session(row: &SqliteRow) -> Result<Session, sqlx::Error> {
    let text = |column: &'static str| row.try_get::<&str, _>(column);
    let time = |column: &'static str| row.try_get::<i64, _>(column).and_then(timestamp);
    let actor: (Option<String>, Option<String>) = (row.try_get("actor_issuer")?, row.try_get("actor_id")?);
    Ok(Session {
        id: parsed(text("id")?)?,
        agent: Agent { name: parsed(text("agent")?)?, groups: list(text("agent_groups")?)? },
        subject: Subject { issuer: text("subject_issuer")?.to_owned(), id: text("subject_id")?.to_owned() },
        actor: match actor {
            (Some(issuer), Some(id)) => Some(Actor { issuer, id }),
            (None, None) => None,
            _ => return Err(sqlx::Error::Decode("half an actor".into())),
        },
        resources: list(text("resources")?)?,
        scopes: parsed(text("scopes")?)?,
        token_id: parsed(text("token_id")?)?,
        created: time("created")?,
        expires: time("expires")?,
        revoked: row.try_get::<Option<i64>, _>("revoked")?.map(timestamp).transpose()?,
    })
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
