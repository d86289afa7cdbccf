//! Sets the scene: everything on free ports of this machine, and the broker as `claviger serve` runs it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use axum::{Router, body::Body};
use http::{Request, Response};
use hyper::body::Incoming;
use model::{Clock as _, SystemClock};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::{billing, folder::Folder, identity_provider::IdentityProvider, inbox::Inbox, keys::StoredKey, workshop};
use crate::{
    broker,
    command::{self, serve::Running},
    listener::{Answer, Listener, Outgoing, Stop},
    output::Failure,
    unlock,
};

/// A port that was free a moment ago can be taken when the broker binds it.
const ATTEMPTS_MAX: usize = 3;
const CONFIGURATION: &str = include_str!("claviger.toml");
const POLICY: &str = include_str!("workshop.cedar");

/// An upstream, and what only the story may know of it.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    pub(super) key: Arc<StoredKey>,
    pub(super) inbox: Inbox,
}

/// Everything that takes part, but for the agent.
pub(super) struct Scene {
    pub(super) provider: Arc<IdentityProvider>,
    pub(super) workshop: Upstream,
    pub(super) billing: Upstream,
    pub(super) broker: Running,
    /// Where agents reach the broker.
    pub(super) public_url: String,
    /// Where operators do.
    pub(super) admin_url: String,
    pub(super) folder: PathBuf,
    /// Runs the provider and the upstreams, until the runtime ends.
    _tasks: TaskTracker,
}

impl Scene {
    /// Starts all of it.
    pub(super) async fn set(folder: &Folder) -> Result<Self, Failure> {
        let tasks = TaskTracker::new();
        let (socket, address) = listener().await?;
        let provider = IdentityProvider::new(format!("http://{address}"))?;
        serve(&tasks, socket, Arc::clone(&provider).router());
        let workshop = Upstream::start(&tasks, workshop::router).await?;
        let billing = Upstream::start(&tasks, billing::router).await?;
        let mut key = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(&mut *key).map_err(|_| Failure::new("the operating system gives no random bytes"))?;
        folder.write("vault.key", *key)?;
        folder.write("policy/workshop.cedar", POLICY)?;
        let mut attempt = 1;
        let (broker, public_url, admin_url) = loop {
            let ((_, public), (_, admin)) = (listener().await?, listener().await?);
            let text = CONFIGURATION
                .replace("ADDRESS_PUBLIC", &public.to_string())
                .replace("ADDRESS_ADMIN", &admin.to_string())
                .replace("ADDRESS_PROVIDER", &address.to_string())
                .replace("ADDRESS_WORKSHOP", &workshop.address.to_string())
                .replace("ADDRESS_BILLING", &billing.address.to_string());
            let started = start(folder, &text, [&workshop, &billing]).await;
            match started {
                Ok(running) => break (running, format!("http://{public}"), format!("http://{admin}")),
                Err(failure) if attempt == ATTEMPTS_MAX => return Err(failure),
                Err(_) => attempt += 1,
            }
        };
        let folder = folder.path().to_owned();
        Ok(Self { provider, workshop, billing, broker, public_url, admin_url, folder, _tasks: tasks })
    }

    /// Where the record is.
    pub(super) fn record(&self) -> PathBuf {
        self.folder.join("data/audit")
    }
}

impl Upstream {
    async fn start(tasks: &TaskTracker, router: fn(Arc<StoredKey>, Inbox) -> Router) -> Result<Self, Failure> {
        let (key, inbox) = (Arc::new(StoredKey::random()?), Inbox::default());
        let (socket, address) = listener().await?;
        serve(tasks, socket, router(Arc::clone(&key), inbox.clone()));
        Ok(Self { address, key, inbox })
    }
}

/// Writes the configuration, loads it as every command does, stores the keys, and starts the broker.
async fn start(folder: &Folder, text: &str, upstreams: [&Upstream; 2]) -> Result<Running, Failure> {
    let path = folder.path().join("claviger.toml");
    std::fs::write(&path, text).map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
    let config = command::load(&path)?;
    let key = unlock::key(&config.vault.key)?;
    let vault = broker::open_vault(&config, &key)?;
    for (configured, upstream) in config.upstreams.iter().zip(upstreams) {
        let binding = configured.binding().ok_or_else(|| Failure::new("an upstream has no credential"))?;
        let stored = vault.put(&binding, upstream.key.to_secret(), SystemClock.now());
        stored.map_err(|error| Failure::new(error.to_string()))?;
    }
    drop(vault);
    Box::pin(Running::start(&config, &key)).await
}

async fn listener() -> Result<(Listener, SocketAddr), Failure> {
    let listener = Listener::bind_free().await?;
    let address = listener.address();
    let address = address.map_err(|error| Failure::new(format!("a port of this machine has no address: {error}")))?;
    Ok((listener, address))
}

/// Serves for as long as the process lives.
fn serve(tasks: &TaskTracker, listener: Listener, router: Router) {
    tasks.spawn(listener.serve(Arc::new(Served(router)), Stop::default(), tasks.clone()));
}

/// One of those whom the broker talks to.
struct Served(Router);

impl Answer for Served {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Outgoing> {
        let answered = self.0.clone().oneshot(request.map(Body::new)).await;
        answered.map_or_else(|never| match never {}, |answer| answer.map(Outgoing::Ours))
    }
}
