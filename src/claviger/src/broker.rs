//! The broker: a configuration made into parts that run.

mod analyzing;
mod fetcher;
mod instance;
mod issuers;
mod keys;
mod ledger;
mod logins;
mod masking;
mod sources;
mod upstreams;
mod web_identity;

use std::{path::PathBuf, sync::Arc, time::Duration};

use config::Config;
use dial::{DialOptions, Dialer};
use egress::{InProcess, InProcessParts, LiveSecrets};
use gateway::{Authenticator, Door, Gateway, GatewayParts, Metrics, ReadLimits, Recorder, Sessions, TokenService};
use model::{Binding, Clock, CredentialName, ProviderName, SystemClock};
use policy::Policies;
use secret::FingerprintKey;
use store::{LeaseStore as _, SqliteStore};
use tlog::{Log, LogOptions};
use token::{Exchange, KeyRing, SessionTokens, WebIdentityTokens};
use tokio_util::task::TaskTracker;
use vault::{KeySource, Vault};

use crate::{
    connections::{Connections, ConnectionsParts},
    output::Failure,
};

use self::sources::{Means, Sources};
pub(crate) use self::{
    analyzing::analyzer_target,
    instance::Instance,
    keys::VERIFIER_FILE,
    masking::{built_in_masking, check_masking, masking},
    sources::RefreshTokenStore,
    upstreams::dial_target,
};

/// The longest that a message may take to arrive.
const MESSAGE_WAIT_MAX: Duration = Duration::from_secs(30);

/// The parts of a running broker.
pub(crate) struct Broker {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) tokens: TokenService,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) egress: Arc<InProcess>,
    pub(crate) log: Arc<Log>,
    vault: Arc<Vault>,
    live: Arc<LiveSecrets>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    /// What must still run when everything else has stopped.
    pub(crate) tasks: TaskTracker,
    /// Held while the process lives: one broker for one data directory.
    _instance: Instance,
}

impl Broker {
    /// Builds a broker. Every fault of the surroundings is found here, before anything listens.
    pub(crate) async fn build(config: &Config, key: &KeySource) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let instance = Instance::claim(&config.server.data_directory)?;
        let vault = Arc::new(open_vault(config, key)?);
        let metrics = Arc::new(Metrics::default());
        let tasks = TaskTracker::new();
        let log = Arc::new(open_log(config, &vault, &*clock)?);
        let durability = match config.audit.durability {
            config::Durability::Process => tlog::Durability::Process,
            config::Durability::Power => tlog::Durability::Power,
        };
        let recorder =
            Recorder::new(Arc::clone(&log), durability, Arc::clone(&clock), tasks.clone(), Arc::clone(&metrics));
        let policies = Arc::new(load_policies(config)?);
        let store = SqliteStore::open(&store_file(config)).await;
        let store = Arc::new(store.map_err(|error| Failure::new(format!("the sessions cannot be opened: {error}")))?);
        // What earlier processes left, read before this one mints anything.
        let earlier = store.mintings().await;
        let earlier = earlier.map_err(|error| Failure::new(format!("the leases cannot be read: {error}")))?;
        let public_url = config.server.public_url.to_string();
        let key_store = Box::new(keys::VaultKeys::new(Arc::clone(&vault), Arc::clone(&clock)));
        let period = Duration::from_secs(u64::from(config.session.signing_key_rotation_hours) * 3600);
        let ring = KeyRing::open(key_store, Arc::clone(&clock), period);
        let ring = Arc::new(ring.map_err(|error| Failure::new(format!("no session token can be signed: {error}")))?);
        let session_tokens = Arc::new(SessionTokens::new(public_url.clone(), Arc::clone(&ring)));
        let dialer = Dialer::new(DialOptions::default());
        let fingerprint_key = FingerprintKey::random();
        let fingerprint_key =
            fingerprint_key.map_err(|_| Failure::new("the operating system gives no random bytes"))?;
        let live = Arc::new(LiveSecrets::new(&fingerprint_key));
        let identity = WebIdentityTokens::new(public_url.clone(), Arc::clone(&ring), Arc::clone(&clock));
        let means = Means {
            vault: &vault,
            live: &live,
            identity: &web_identity::of(identity),
            dialer: &dialer,
            clock: &clock,
            tasks: &tasks,
        };
        let mut sources = Sources::build(config, &means)?;
        let upstreams = upstreams::served(config, &sources, &Arc::new(keys::stand_ins(&vault, &*clock)?), &dialer)?;
        let connections = Arc::new(Connections::new(ConnectionsParts {
            public_url: public_url.clone(),
            connectables: sources.take_connectables(),
            logins: logins::build(config, &means)?,
            recorder: recorder.clone(),
            clock: Arc::clone(&clock),
            tasks: tasks.clone(),
        }));
        let egress = Arc::new(InProcess::new(InProcessParts {
            dialer: dialer.clone(),
            clock: Arc::clone(&clock),
            sources: sources.into_list(),
            ledger: ledger::of(&store),
            live: Arc::clone(&live),
        }));
        let sessions =
            Sessions::resume(Arc::clone(&store) as Arc<_>, clock.now(), |session| policies.for_agent(&session.agent));
        let sessions = sessions.await.map_err(|error| Failure::new(format!("the sessions cannot be read: {error}")))?;
        let told = Arc::clone(&egress);
        let sessions = Arc::new(sessions.telling(move |ended| told.end_session(ended)));
        egress.end_earlier(earlier);
        let exchange = exchange(config, &dialer, &clock)?;
        let tokens = TokenService::new(
            exchange,
            Arc::clone(&session_tokens),
            Arc::clone(&sessions),
            policies,
            recorder.clone(),
            public_url,
            Arc::clone(&clock),
        );
        learn_stored(&vault, &live);
        for (credential, reason) in unusable_credentials(config, &vault) {
            tracing::warn!(%credential, reason, "calls that need this credential will be refused until it is stored");
        }
        let gateway = Arc::new(Gateway::new(GatewayParts {
            door: door(config),
            authenticator: Authenticator::new(session_tokens, Arc::clone(&sessions)),
            sessions: Arc::clone(&sessions),
            upstreams,
            limits: ReadLimits {
                message_bytes_max: config.server.limits.request_body_bytes_max,
                message_wait_max: MESSAGE_WAIT_MAX,
            },
            recorder,
            egress: Arc::clone(&egress) as Arc<_>,
            invitations: Arc::clone(&connections) as Arc<_>,
            clock: Arc::clone(&clock),
        }));
        Ok(Self {
            gateway,
            tokens,
            ring,
            sessions,
            connections,
            store,
            egress,
            log,
            vault,
            live,
            metrics,
            clock,
            tasks,
            _instance: instance,
        })
    }
}

impl Broker {
    /// Takes up what `claviger secret` changed. Reads files, so it is called outside of the runtime's threads.
    pub(crate) fn reload_vault(&self) -> Result<(), vault::OpenVaultError> {
        self.vault.reload()?;
        learn_stored(&self.vault, &self.live);
        Ok(())
    }
}

/// What the configuration wants stored: the credentials of upstreams, and what providers need themselves.
pub(crate) fn stored_secrets(config: &Config) -> Vec<(Binding, Option<&ProviderName>)> {
    let upstreams = config.upstreams.iter().filter(|upstream| upstream.is_stored());
    let upstreams = upstreams.filter_map(config::Upstream::binding).map(|binding| (binding, None));
    let providers = config.providers.iter().flat_map(|provider| {
        let credentials = config.upstreams.iter().filter_map(|upstream| upstream.credential.as_ref());
        let refresh_tokens = credentials.filter_map(|credential| provider.refresh_token_binding(credential));
        provider.binding().into_iter().chain(refresh_tokens).map(|binding| (binding, Some(&provider.name)))
    });
    upstreams.chain(providers).collect()
}

/// The stored secrets of the configuration that cannot be opened, each with what to do about it.
pub(crate) fn unusable_credentials(config: &Config, vault: &Vault) -> Vec<(CredentialName, String)> {
    let unusable = stored_secrets(config).into_iter().filter_map(|(binding, provider)| {
        let error = vault.open_secret(&binding).err()?;
        let reason = match provider {
            Some(provider) => sources::why_unusable(&error, &binding, provider),
            None => error.to_string(),
        };
        Some((binding.credential, reason))
    });
    unusable.collect()
}

/// Where sessions and leases are kept.
pub(crate) fn store_file(config: &Config) -> PathBuf {
    config.server.data_directory.join("sessions.sqlite")
}

/// Whether anything was stored, or the broker ever started.
pub(crate) fn has_vault(config: &Config) -> bool {
    Vault::exists(&vault_folder(config))
}

fn vault_folder(config: &Config) -> PathBuf {
    config.server.data_directory.join("vault")
}

/// Opens the vault, or makes one on the first start.
pub(crate) fn open_vault(config: &Config, key: &KeySource) -> Result<Vault, Failure> {
    let folder = vault_folder(config);
    if Vault::exists(&folder) {
        return Vault::open(&folder, key).map_err(|error| Failure::new(error.to_string()));
    }
    Vault::create(&folder, key).map_err(|error| Failure::new(format!("no vault could be made: {error}")))
}

fn open_log(config: &Config, vault: &Vault, clock: &dyn Clock) -> Result<Log, Failure> {
    let seed = keys::audit_seed(vault, clock)?;
    let folder = config.server.data_directory.join("audit");
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::new(format!("cannot make {}: {error}", folder.display())))?;
    let log = Log::open(&folder, &LogOptions::new(&config.audit.origin, &seed));
    let log = log.map_err(|error| Failure::new(format!("the record cannot be opened: {error}")))?;
    keys::publish_verifier(&config.server.data_directory, &config.audit.origin, &seed)?;
    Ok(log)
}

/// Reads the policies, and says what in them is odd.
pub(crate) fn load_policies(config: &Config) -> Result<Policies, Failure> {
    let policies = Policies::load(&config.policy.files).map_err(|error| Failure::new(error.to_string()))?;
    for warning in policies.warnings() {
        tracing::warn!(%warning, "a policy is odd");
    }
    Ok(policies)
}

/// Whether the keys of each issuer can be fetched now.
pub(crate) async fn check_issuers(
    config: &Config,
    dialer: &Dialer,
) -> Result<Vec<(model::IssuerName, Result<(), String>)>, Failure> {
    let issuers = issuers::trusted(config, dialer, &(Arc::new(SystemClock) as Arc<dyn Clock>))?;
    issuers::agents(config)?;
    let checked = issuers.check().await.into_iter();
    Ok(checked.map(|(name, outcome)| (name, outcome.map_err(|error| error.to_string()))).collect())
}

fn exchange(config: &Config, dialer: &Dialer, clock: &Arc<dyn Clock>) -> Result<Exchange, Failure> {
    let issuers = issuers::trusted(config, dialer, clock)?;
    let rules = issuers::agents(config)?;
    let targets = config.upstreams.iter().map(|upstream| (upstream.resource.clone(), upstream.name.clone()));
    Ok(Exchange::new(issuers, rules, targets.collect()))
}

/// What is stored is looked for in every answer from the start, also before it was used.
fn learn_stored(vault: &Vault, live: &LiveSecrets) {
    for stored in vault.list() {
        let name = &stored.binding.credential;
        let opened = vault.open_secret(&stored.binding);
        if !opened.is_ok_and(|opened| sources::learn(live, name, &opened.secret)) {
            tracing::warn!(credential = %name, "a stored credential cannot be opened or masked, and is not used");
        }
    }
}

/// Which hosts are ours: the public one, and where we listen on this machine.
fn door(config: &Config) -> Door {
    let mut hosts = vec![config.server.public_url.authority()];
    let address = config.server.listener.address;
    if address.ip().is_loopback() {
        hosts.extend([address.to_string(), format!("localhost:{}", address.port())]);
    }
    let mut origins = config.server.allowed_origins.clone();
    if config.server.is_on_this_machine() {
        origins.push(config.server.public_url.to_string());
        origins.push(format!("http://localhost:{}", address.port()));
    }
    Door::new(hosts, origins)
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker").finish_non_exhaustive()
    }
}
