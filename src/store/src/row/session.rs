//! A session as a row, and back.

use model::{Actor, Agent, Subject};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{array, list, millis, parsed, timestamp};
use crate::{Session, StoreError};

/// The columns that hold more than a text.
pub(crate) struct SessionColumns {
    pub(crate) agent_groups: String,
    pub(crate) resources: String,
    pub(crate) scopes: String,
    pub(crate) created: i64,
    pub(crate) expires: i64,
    pub(crate) revoked: Option<i64>,
}

impl SessionColumns {
    /// # Errors
    /// [`StoreError::TimeOutOfRange`].
    pub(crate) fn of(session: &Session) -> Result<Self, StoreError> {
        let groups = session.agent.groups.iter().map(model::GroupName::as_str);
        let resources = session.resources.iter().map(model::Resource::as_str);
        Ok(Self {
            agent_groups: array(groups),
            resources: array(resources),
            scopes: session.scopes.to_string(),
            created: millis(session.created)?,
            expires: millis(session.expires)?,
            revoked: session.revoked.map(millis).transpose()?,
        })
    }
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
