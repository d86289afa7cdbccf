//! Accounts that users connect: from the link in the answer to a call, to what is left of the consent in the vault.
//!
//! A link belongs to the subject of the session whose call was answered with it, and is worth nothing to anybody else: whoever
//! opens it signs in at the issuer of that subject first, must be that subject, and says yes on a page that names the agent. Then
//! the browser goes to the authorization server of the upstream, and what it brings back is kept for that subject. Each step is
//! good once, for ten minutes, in the browser that took the one before.

mod handles;
mod login;
mod refusal;

use std::{collections::HashMap, fmt, sync::Arc};

use gateway::{ConnectionEntry, Invitations, Recorder};
use model::{AgentName, Caller, Clock, CredentialName, IssuerName, ProviderName, SessionId, Subject, UpstreamName};
use provider_oauth2::{AuthorizationCode, NotAuthorized, Pending, Redirected, Wish};
use tokio_util::task::TaskTracker;
use url::Url;

pub(crate) use self::{handles::WAIT_MAX, login::Login, refusal::NotConnected};
use self::{
    handles::{Handles, draw, sha256},
    login::SigningIn,
};
use crate::broker::RefreshTokenStore;

/// Where a browser comes back to. One for each server that it is sent to, so that none can pass its answer off as another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// From signing in.
    Login(IssuerName),
    /// From the account's own server.
    Account(ProviderName),
}

/// An upstream for which each user connects an account, and where.
#[derive(Debug)]
pub(crate) struct Connectable {
    pub(crate) upstream: UpstreamName,
    pub(crate) credential: CredentialName,
    pub(crate) place: Place,
    pub(crate) code: AuthorizationCode,
    pub(crate) scope: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) tokens: Arc<RefreshTokenStore>,
}

/// What connecting works with.
#[derive(Debug)]
pub(crate) struct ConnectionsParts {
    pub(crate) public_url: String,
    pub(crate) connectables: Vec<Connectable>,
    /// By the issuer of the people that they show.
    pub(crate) logins: HashMap<String, Login>,
    pub(crate) recorder: Recorder,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where a connection goes on when its browser is gone; shutdown waits for it.
    pub(crate) tasks: TaskTracker,
}

/// The connections that are being made.
#[derive(Debug)]
pub(crate) struct Connections {
    public_url: String,
    connectables: HashMap<UpstreamName, Connectable>,
    logins: HashMap<String, Login>,
    recorder: Recorder,
    tasks: TaskTracker,
    links: Handles<Arc<Invitation>>,
    /// Browsers that are elsewhere, by the state that they come back with.
    away: Handles<Away>,
    /// People who have shown who they are, and have not said yes.
    asked: Handles<Asked>,
}

/// Whose account is to be connected, for whom and for what.
#[derive(Debug)]
pub(crate) struct Invitation {
    pub(crate) agent: AgentName,
    pub(crate) subject: Subject,
    pub(crate) upstream: UpstreamName,
    credential: CredentialName,
    session: SessionId,
}

/// The browser of a person, by a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Browser([u8; 32]);

#[derive(Debug)]
struct Away {
    invitation: Arc<Invitation>,
    browser: Browser,
    errand: Errand,
}

/// What a browser is away for.
#[derive(Debug)]
enum Errand {
    SignIn { link: String, signing_in: SigningIn },
    Consent(Pending),
}

#[derive(Debug)]
struct Asked {
    invitation: Arc<Invitation>,
    browser: Browser,
}

/// What a browser that came back is shown.
#[derive(Debug)]
pub(crate) enum Next {
    /// The person is asked; `yes` is where the answer goes.
    Ask {
        /// What is asked.
        invitation: Arc<Invitation>,
        /// The last part of the page that begins the consent.
        yes: String,
    },
    /// The account is connected.
    Connected(Arc<Invitation>),
}

impl Connections {
    pub(crate) fn new(parts: ConnectionsParts) -> Self {
        let ConnectionsParts { public_url, connectables, logins, recorder, clock, tasks } = parts;
        let connectables = connectables.into_iter().map(|one| (one.upstream.clone(), one)).collect();
        let (links, away, asked) =
            (Handles::new(Arc::clone(&clock)), Handles::new(Arc::clone(&clock)), Handles::new(clock));
        Self { public_url, connectables, logins, recorder, tasks, links, away, asked }
    }

    /// Where the browser that opened a link goes to sign in. The link stays good until somebody has: programs look at links before
    /// people do.
    pub(crate) async fn open(&self, link: &str, browser: Browser) -> Result<Url, NotConnected> {
        let invitation = self.links.look(link).ok_or(NotConnected::Stale)?;
        let login = self.logins.get(&invitation.subject.issuer).ok_or(NotConnected::Failed)?;
        let state = draw().ok_or(NotConnected::Failed)?;
        let (url, signing_in) = login.begin(&state).await?;
        self.send_away(&state, invitation, browser, Errand::SignIn { link: link.to_owned(), signing_in })?;
        Ok(url)
    }

    /// Where the browser of a person who said yes goes to consent.
    pub(crate) async fn consent(&self, yes: &str, browser: Browser) -> Result<Url, NotConnected> {
        let asked = self.asked.take(yes).filter(|asked| asked.browser == browser);
        let Asked { invitation, .. } = asked.ok_or(NotConnected::Foreign)?;
        let to = self.connectable(&invitation)?;
        let state = draw().ok_or(NotConnected::Failed)?;
        let (scope, resource, audience) = (to.scope.as_deref(), to.resource.as_deref(), to.audience.as_deref());
        let wish = Wish { scope, resource, audience, nonce: None, asks_always: true };
        let (url, pending) = to.code.begin(wish, &state).await.map_err(NotAuthorized::from)?;
        self.send_away(&state, invitation, browser, Errand::Consent(pending))?;
        Ok(url)
    }

    /// Takes in what a browser brings back to `place`. The state is used up, whatever comes of it.
    pub(crate) async fn come_back(
        self: &Arc<Self>,
        place: &Place,
        browser: Browser,
        redirected: Redirected,
    ) -> Result<Next, NotConnected> {
        let away = self.away.take(&redirected.state).filter(|away| away.browser == browser);
        let Away { invitation, errand, .. } = away.ok_or(NotConnected::Foreign)?;
        let came = match errand {
            Errand::SignIn { link, signing_in } => {
                self.signed_in(place, &link, &invitation, browser, signing_in, redirected).await
            }
            Errand::Consent(pending) => {
                // It goes on when the browser does not wait: the code is used up with the first request.
                let (connections, place, invitation) = (Arc::clone(self), place.clone(), Arc::clone(&invitation));
                let connecting = async move { connections.consented(&place, &invitation, pending, redirected).await };
                self.tasks.spawn(connecting).await.unwrap_or(Err(NotConnected::Failed))
            }
        };
        if let Err(why) = &came {
            let entry = invitation.entry(Some(why.word()));
            if let Err(denial) = self.recorder.connection(&entry).await {
                tracing::error!(reason = denial.told().description, "a connection that failed could not be recorded");
            }
            let Invitation { agent, upstream, session, .. } = &*invitation;
            tracing::info!(%agent, %upstream, %session, reason = why.word(), "an account was not connected");
        }
        came
    }

    async fn signed_in(
        &self,
        place: &Place,
        link: &str,
        invitation: &Arc<Invitation>,
        browser: Browser,
        signing_in: SigningIn,
        redirected: Redirected,
    ) -> Result<Next, NotConnected> {
        let login = self.logins.get(&invitation.subject.issuer).filter(|login| login.place == *place);
        let who = login.ok_or(NotConnected::Foreign)?.finish(signing_in, redirected).await?;
        if who != invitation.subject {
            return Err(NotConnected::SignedInAsAnother);
        }
        self.links.take(link).ok_or(NotConnected::Stale)?;
        let yes = draw().ok_or(NotConnected::Failed)?;
        let asked = Asked { invitation: Arc::clone(invitation), browser };
        if !self.asked.put(&yes, &invitation.subject, asked) {
            return Err(NotConnected::Failed);
        }
        Ok(Next::Ask { invitation: Arc::clone(invitation), yes })
    }

    async fn consented(
        &self,
        place: &Place,
        invitation: &Arc<Invitation>,
        pending: Pending,
        redirected: Redirected,
    ) -> Result<Next, NotConnected> {
        let to = self.connectable(invitation)?;
        if to.place != *place {
            return Err(NotConnected::Foreign);
        }
        let authorized = to.code.finish(pending, redirected).await?;
        let connection = authorized.connection;
        // What is not in the record is not kept.
        self.recorder.connection(&invitation.entry(None)).await.map_err(|denial| {
            tracing::error!(reason = denial.told().description, "a connection could not be recorded");
            NotConnected::Failed
        })?;
        to.tokens.connect(&invitation.subject, &connection).await.map_err(|error| {
            tracing::error!(%error, upstream = %invitation.upstream, "a connected account could not be stored");
            NotConnected::Failed
        })?;
        let Invitation { agent, subject, upstream, .. } = &**invitation;
        let is_lasting = connection.is_lasting();
        tracing::info!(%agent, %upstream, subject = subject.id, issuer = subject.issuer, is_lasting, "an account was connected");
        Ok(Next::Connected(Arc::clone(invitation)))
    }

    fn send_away(
        &self,
        state: &str,
        invitation: Arc<Invitation>,
        browser: Browser,
        errand: Errand,
    ) -> Result<(), NotConnected> {
        let subject = invitation.subject.clone();
        let is_kept = self.away.put(state, &subject, Away { invitation, browser, errand });
        if is_kept { Ok(()) } else { Err(NotConnected::Failed) }
    }

    fn connectable(&self, invitation: &Invitation) -> Result<&Connectable, NotConnected> {
        self.connectables.get(&invitation.upstream).ok_or(NotConnected::Failed)
    }
}

impl Invitations for Connections {
    fn invite(&self, asker: &Caller, upstream: &UpstreamName) -> Option<String> {
        let to = self.connectables.get(upstream)?;
        if !self.logins.contains_key(&asker.subject.issuer) {
            return None;
        }
        let invitation = Invitation {
            agent: asker.agent.name.clone(),
            subject: asker.subject.clone(),
            upstream: upstream.clone(),
            credential: to.credential.clone(),
            session: asker.session.clone(),
        };
        let link = draw()?;
        let is_kept = self.links.put(&link, &asker.subject, Arc::new(invitation));
        is_kept.then(|| format!("{}/connect/{link}", self.public_url))
    }
}

impl Invitation {
    fn entry(&self, error: Option<&'static str>) -> ConnectionEntry<'_> {
        let Self { agent, subject, upstream, credential, session } = self;
        ConnectionEntry { agent, subject, session, upstream, credential, error }
    }
}

impl Browser {
    /// A browser that has no cookie yet, and the cookie that it gets.
    pub(crate) fn new() -> Option<(Self, String)> {
        draw().map(|cookie| (Self::of(&cookie), cookie))
    }

    /// The one that sends this cookie.
    pub(crate) fn of(cookie: &str) -> Self {
        Self(sha256(cookie))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(issuer) => write!(f, "/connect/login/{issuer}"),
            Self::Account(provider) => write!(f, "/connect/account/{provider}"),
        }
    }
}
