//! One OpenBao and one PostgreSQL for all tests, and what one test has of them for itself.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use dial::{DialOptions, Dialer};
use model::{
    AddressClass, Agent, Binding, Caller, Clock, Injection, LeaseId, Scopes, Subject, SystemClock, TraceContext,
};
use provider::{CredentialRequest, Journal, Lease, Material, Provider as _, ProviderError, conformance::Notes};
use provider_vault::{Auth, Grant, Mint, Settings, VaultProvider};
use serde_json::{Value, json};

use crate::{
    identity::{ISSUER, Identity},
    support::{openbao::OpenBao, postgres::Postgres},
};

pub(crate) const AUDIENCE: &str = "https://vault.test";

/// How long a session of the tests lives.
const SESSION_LIFE: Duration = Duration::from_secs(900);

/// OpenBao ends the leases of a revoked token soon, and not at once.
const SOON: Duration = Duration::from_secs(5);

pub(crate) struct Servers {
    pub(crate) bao: OpenBao,
    pub(crate) postgres: Postgres,
    pub(crate) identity: Arc<Identity>,
}

pub(crate) static SERVERS: LazyLock<Servers> = LazyLock::new(|| {
    let (bao, postgres, identity) = (OpenBao::start(&[]), Postgres::start(), Arc::new(Identity::new()));
    trust(&bao, "", &identity);
    postgres.query("CREATE TABLE fruit (name text); INSERT INTO fruit VALUES ('quince')");
    // Users become members of a role: two grants of one table at the same time would be in each other's way.
    postgres.query("CREATE ROLE reader; GRANT SELECT ON fruit TO reader");
    Servers { bao, postgres, identity }
});

/// What an operator sets up once: the policy of the README, the token role, and the login by JWT.
pub(crate) fn trust(bao: &OpenBao, namespace: &str, identity: &Identity) {
    let done = |path: &str, body: &Value| bao.done("POST", &format!("{namespace}{path}"), body);
    done("sys/policies/acl/claviger", &json!({ "policy": include_str!("../../policy.hcl") }));
    let role = json!({ "allowed_policies_glob": ["read-*"], "orphan": true, "token_no_default_policy": true });
    done("auth/token/roles/claviger", &role);
    done("sys/auth/jwt", &json!({ "type": "jwt" }));
    let config = json!({ "jwt_validation_pubkeys": [identity.public_key_pem()], "bound_issuer": ISSUER });
    done("auth/jwt/config", &config);
    done("auth/jwt/role/claviger", &jwt_role(&json!({})));
}

/// The role of Claviger, with what is different.
pub(crate) fn jwt_role(different: &Value) -> Value {
    let mut role = json!({
        "role_type": "jwt", "bound_audiences": [AUDIENCE], "bound_subject": "claviger", "user_claim": "sub",
        "token_policies": ["claviger"], "token_ttl": "30m", "token_no_default_policy": true,
    });
    role.as_object_mut().unwrap().extend(different.as_object().unwrap().clone());
    role
}

/// What one test has for itself: a number, by which its mounts, policies and sessions are told apart.
pub(crate) struct Scene {
    pub(crate) number: usize,
    pub(crate) caller: Caller,
    pub(crate) notes: Notes,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let caller = Caller {
            agent: Agent { name: "agent".parse().unwrap(), groups: Vec::new() },
            subject: Subject { issuer: "https://idp.example".to_owned(), id: "user".to_owned() },
            actor: None,
            session: format!("session-{number}").parse().unwrap(),
            session_end: SystemClock.now().plus(SESSION_LIFE),
            scopes: Scopes::default(),
        };
        Self { number, caller, notes: Notes::default() }
    }

    /// A database engine with the role `ro`, whose users may read, and a grant of it.
    pub(crate) fn database(&self, role: &Value) -> Grant {
        let Servers { bao, postgres, .. } = &*SERVERS;
        let mount = self.mount("database");
        bao.done("POST", &format!("sys/mounts/{mount}"), &json!({ "type": "database" }));
        let (username, password) = postgres.owner();
        let url = format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/postgres", postgres.port());
        let config = json!({
            "plugin_name": "postgresql-database-plugin", "allowed_roles": "*", "connection_url": url, "username": username,
            "password": password, "password_authentication": "scram-sha-256",
        });
        bao.done("POST", &format!("{mount}/config/postgres"), &config);
        let mut body = json!({
            "db_name": "postgres", "default_ttl": "5m", "max_ttl": "1h",
            "creation_statements": [
                "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
                "GRANT reader TO \"{{name}}\"",
            ],
            "revocation_statements": ["DROP ROLE IF EXISTS \"{{name}}\""],
        });
        body.as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
        bao.done("POST", &format!("{mount}/roles/ro"), &body);
        self.grant(&format!("{mount}/creds/ro"), Mint::database())
    }

    /// A certificate authority with the role `agents`, and a grant of it.
    pub(crate) fn certificates(&self, role: &Value) -> Grant {
        let (bao, mount) = (&SERVERS.bao, self.mount("pki"));
        bao.done("POST", &format!("sys/mounts/{mount}"), &json!({ "type": "pki" }));
        bao.done(
            "POST",
            &format!("{mount}/root/generate/internal"),
            &json!({ "common_name": "root", "key_type": "ec" }),
        );
        let mut body =
            json!({ "allowed_domains": ["example"], "allow_subdomains": true, "key_type": "ec", "max_ttl": "1h" });
        body.as_object_mut().unwrap().extend(role.as_object().unwrap().clone());
        bao.done("POST", &format!("{mount}/roles/agents"), &body);
        let common_name = "{agent}.{upstream}.example".parse().unwrap();
        self.grant(&format!("{mount}/issue/agents"), Mint::Certificate { common_name })
    }

    /// A grant whose policy allows to read, or to ask at, one path.
    pub(crate) fn grant(&self, path: &str, mint: Mint) -> Grant {
        let policy = format!("read-{}", self.number);
        let text = format!("path \"{path}\" {{ capabilities = [\"read\", \"update\"] }}");
        SERVERS.bao.done("POST", &format!("sys/policies/acl/{policy}"), &json!({ "policy": text }));
        Grant { binding: binding("credential"), path: path.parse().unwrap(), policies: vec![policy], mint }
    }

    /// A mount of this scene's own.
    pub(crate) fn mount(&self, engine: &str) -> String {
        format!("{engine}-{}", self.number)
    }

    /// Asks for the credential of [`Scene::grant`].
    pub(crate) async fn issue(&self, provider: &VaultProvider) -> Result<Lease, ProviderError> {
        self.issue_noting(provider, &self.notes).await
    }

    pub(crate) async fn issue_noting(
        &self,
        provider: &VaultProvider,
        journal: &dyn Journal,
    ) -> Result<Lease, ProviderError> {
        let (binding, trace) = (binding("credential"), TraceContext::new([7; 16], [7; 8], 0));
        provider.issue(CredentialRequest { binding: &binding, caller: &self.caller, trace, journal }).await
    }

    /// The tokens of this scene's session that live, as OpenBao describes them.
    pub(crate) fn tokens(&self) -> Vec<Value> {
        let accessors = SERVERS.bao.done("LIST", "auth/token/accessors", &Value::Null);
        let accessors = accessors["data"]["keys"].as_array().unwrap().iter();
        // Between the list and the look, another test's token may end.
        let looked_up = accessors.filter_map(|accessor| {
            let (status, answer) =
                SERVERS.bao.ask("POST", "auth/token/lookup-accessor", &json!({ "accessor": accessor }));
            (status == 200).then(|| answer["data"].clone())
        });
        looked_up.filter(|token| token["meta"]["session"] == self.caller.session.as_str()).collect()
    }

    /// The leases that live below a path.
    pub(crate) fn leases(&self, path: &str) -> usize {
        let (status, leases) = SERVERS.bao.ask("LIST", &format!("sys/leases/lookup/{path}"), &Value::Null);
        assert!(matches!(status, 200 | 404), "{status} {leases}");
        leases["data"]["keys"].as_array().map_or(0, Vec::len)
    }
}

/// By JWT, as the role `claviger`, at the servers of all tests.
pub(crate) fn provider(grant: Grant) -> VaultProvider {
    provider_at(&SERVERS.bao.url(), by_jwt("claviger", AUDIENCE), grant)
}

pub(crate) fn provider_at(url: &str, auth: Auth, grant: Grant) -> VaultProvider {
    provider_of(settings(url, auth), grant)
}

pub(crate) fn provider_of(settings: Settings, grant: Grant) -> VaultProvider {
    provider_by(settings, grant, Arc::new(SystemClock))
}

pub(crate) fn provider_by(settings: Settings, grant: Grant, clock: Arc<dyn Clock>) -> VaultProvider {
    VaultProvider::new(settings, [grant], &Dialer::new(DialOptions::default()), clock)
}

pub(crate) fn settings(url: &str, auth: Auth) -> Settings {
    let mut settings = Settings::new(url.parse().unwrap(), AddressClass::Loopback, auth).unwrap();
    settings.token_role = Some("claviger".parse().unwrap());
    settings
}

pub(crate) fn by_jwt(role: &str, audience: &str) -> Auth {
    Auth::Jwt {
        mount: "jwt".parse().unwrap(),
        role: role.parse().unwrap(),
        audience: audience.to_owned(),
        identity: SERVERS.identity.clone(),
    }
}

pub(crate) fn binding(credential: &str) -> Binding {
    Binding {
        credential: credential.parse().unwrap(),
        upstream: "warehouse".parse().unwrap(),
        destination: "https://db.example.com/mcp".parse().unwrap(),
        injection: Injection::BasicPair,
    }
}

pub(crate) fn pair(lease: &Lease) -> (&str, &str) {
    let Material::Password { username, password } = &lease.material else { panic!("{lease:?}") };
    (username, password.expose())
}

pub(crate) fn token(lease: &Lease) -> &str {
    let Material::Token(secret) = &lease.material else { panic!("{lease:?}") };
    secret.expose()
}

/// A journal after a crash: another process ends what it names.
pub(crate) async fn revoke_all(provider: &VaultProvider, ids: &[LeaseId]) {
    for id in ids {
        provider.revoke(id).await.unwrap();
    }
}

/// Waits for what OpenBao does in its own time.
pub(crate) fn soon(is_so: impl Fn() -> bool) -> bool {
    const LOOK_AGAIN: Duration = Duration::from_millis(20);
    (0..SOON.as_millis() / LOOK_AGAIN.as_millis()).any(|_| {
        let so = is_so();
        if !so {
            sleep(LOOK_AGAIN);
        }
        so
    })
}

/// The reason of a refusal, with a look that neither it nor its `Debug` holds any of the secrets.
pub(crate) fn reason(refused: &ProviderError, secrets: &[&str]) -> String {
    for secret in secrets {
        assert!(!secret.is_empty() && !format!("{refused} {refused:?}").contains(secret), "a secret shows");
    }
    match refused {
        ProviderError::Missing { reason } | ProviderError::Refused { reason } => reason.clone(),
        other => panic!("{other:?}"),
    }
}
