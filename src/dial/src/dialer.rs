//! The dialer: resolve once, check, connect to a checked address, verify TLS, and only then hand the connection out.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use model::Scheme;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;

use crate::{
    ClientIdentity, DialError, Pool, PoolKey, PoolLimits, Roots, Target, TrustAnchors,
    resolve::resolve,
    stream::Stream,
    tls::{self, Sessions},
};

/// How a dialer is set up.
#[derive(Debug, Clone, Default)]
pub struct DialOptions {
    /// Whom to trust where a target does not say.
    pub roots: Roots,
}

/// Opens connections. Cheap to clone; every clone trusts the same roots.
#[derive(Debug, Clone)]
pub struct Dialer {
    roots: TrustAnchors,
}

/// A connection to a checked address, with TLS verified where the destination asks for it. Nothing has been written to it.
#[derive(Debug)]
pub struct Connection {
    pub(crate) stream: Stream,
    peer: SocketAddr,
}

impl Connection {
    /// The address that was dialed.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }
}

/// A client certificate is shown within TLS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client certificate needs a destination with https")]
pub struct WithoutTls;

/// Addresses tried for one connection; the rest of a long answer is of no help to a caller who waits.
const ATTEMPT_COUNT_MAX: usize = 4;

impl Dialer {
    /// Reads the trust anchors once.
    #[must_use]
    pub fn new(options: DialOptions) -> Self {
        Self { roots: TrustAnchors::of(options.roots) }
    }

    /// One connection that shares no TLS session with any other.
    ///
    /// # Errors
    /// See [`DialError`]; in every case nothing of a request has been written.
    pub async fn connect(&self, target: &Target) -> Result<Connection, DialError> {
        self.connect_with(target, self.client_config(target, None, Sessions::Fresh)).await
    }

    /// A pool of connections for one credential at one destination, with TLS sessions of its own.
    #[must_use]
    pub fn pool(&self, key: PoolKey, target: Target, limits: PoolLimits) -> Pool {
        Pool::new(self.clone(), key, target, None, limits)
    }

    /// A pool whose connections show a client certificate.
    ///
    /// # Errors
    /// The destination is without TLS, and nobody asks there.
    pub fn certified_pool(
        &self,
        key: PoolKey,
        target: Target,
        identity: &ClientIdentity,
        limits: PoolLimits,
    ) -> Result<Pool, WithoutTls> {
        match target.destination.scheme() {
            Scheme::Http => Err(WithoutTls),
            Scheme::Https => Ok(Pool::new(self.clone(), key, target, Some(identity), limits)),
        }
    }

    pub(crate) fn client_config(
        &self,
        target: &Target,
        identity: Option<&ClientIdentity>,
        sessions: Sessions,
    ) -> Option<Arc<ClientConfig>> {
        match target.destination.scheme() {
            Scheme::Http => None,
            Scheme::Https => {
                Some(tls::client_config(target.anchors.as_ref().unwrap_or(&self.roots), identity, sessions))
            }
        }
    }

    pub(crate) async fn connect_with(
        &self,
        target: &Target,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Connection, DialError> {
        let deadline = Instant::now() + target.timeouts.connect;
        timeout_at(deadline, open(target, tls, deadline)).await.unwrap_or(Err(DialError::ConnectTimeout))
    }
}

async fn open(target: &Target, tls: Option<Arc<ClientConfig>>, deadline: Instant) -> Result<Connection, DialError> {
    let destination = &target.destination;
    let addresses = resolve(destination.host(), destination.port(), target.class).await?;
    let (stream, peer) = connect_to_one(&addresses, deadline).await?;
    // Small requests go out at once; without this they wait for the acknowledgement of the one before.
    stream.set_nodelay(true).map_err(DialError::Unreachable)?;
    let Some(tls) = tls else { return Ok(Connection { stream: Stream::Plain(stream), peer }) };
    let name = ServerName::try_from(destination.host().to_owned())
        .map_err(|error| DialError::Unresolvable(Some(io::Error::other(error))))?;
    let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(tls::handshake_error)?;
    Ok(Connection { stream: Stream::Tls(Box::new(stream)), peer })
}

/// Tries addresses in order; each gets a fair part of the time that is left, so that a dead one does not use it up.
async fn connect_to_one(addresses: &[SocketAddr], deadline: Instant) -> Result<(TcpStream, SocketAddr), DialError> {
    let attempts = addresses.len().min(ATTEMPT_COUNT_MAX);
    let mut last = DialError::Unresolvable(None);
    for (i, address) in addresses.iter().take(attempts).enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share: Duration = left / u32::try_from(attempts - i).unwrap_or(1);
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that opens outbound sockets; the address was checked"
        )]
        let attempt = TcpStream::connect(address);
        match tokio::time::timeout(share, attempt).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => last = DialError::Unreachable(error),
            Err(_) => last = DialError::ConnectTimeout,
        }
    }
    Err(last)
}
