//! Claviger registers itself as a client where nobody did it before (RFC 7591).

use std::{fmt, sync::Arc};

use dial::Fetched;
use http::StatusCode;
use provider::{ProviderError, StoredSecret};
use secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{Client, ClientAuthentication, metadata::Authorization};

/// What a server gave to a client that registered itself. It is good at that server alone.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Registered {
    id: String,
    method: Method,
    secret: Option<Zeroizing<String>>,
}

/// How a client proves itself that registered itself, the better ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    ClientSecretBasic,
    ClientSecretPost,
    None,
}

#[derive(Deserialize)]
struct Answer {
    client_id: String,
    client_secret: Option<Zeroizing<String>>,
    token_endpoint_auth_method: Option<Method>,
}

/// What is asked for (RFC 7591, section 2). Kept apart from the answer, which may leave out what it grants.
pub(crate) struct Wanted<'a> {
    method: Method,
    redirect_uri: &'a str,
}

impl<'a> Wanted<'a> {
    /// A client to which people come back at `redirect_uri`. `None` where the server takes no way of ours to prove itself.
    pub(crate) fn at(server: &Authorization, redirect_uri: &'a str) -> Option<Self> {
        let takes = |method: &Method| server.methods.iter().any(|listed| listed == method.as_str());
        let all = [Method::ClientSecretBasic, Method::ClientSecretPost, Method::None];
        all.into_iter().find(takes).map(|method| Self { method, redirect_uri })
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        // A client on a person's own machine is told apart (OpenID Connect Dynamic Client Registration 1.0, section 2).
        let kind = if self.redirect_uri.starts_with("https:") { "web" } else { "native" };
        let wanted = json!({
            "client_name": "Claviger", "redirect_uris": [self.redirect_uri], "application_type": kind,
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": self.method.as_str(),
        });
        wanted.to_string().into_bytes()
    }

    /// Reads what the server made of it (RFC 7591, section 3.2.1).
    pub(crate) fn read(&self, answer: &Fetched) -> Result<Registered, ProviderError> {
        if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(ProviderError::Unreachable);
        }
        let is_made = matches!(answer.status, StatusCode::CREATED | StatusCode::OK);
        let made = serde_json::from_slice::<Answer>(&answer.body).ok().filter(|_| is_made).ok_or_else(|| {
            refused("the authorization server did not let Claviger register as a client; write `client_id` of one that is registered there")
        })?;
        let method = made.token_endpoint_auth_method.unwrap_or(self.method);
        let secret = made.client_secret.filter(|_| method != Method::None);
        if secret.is_none() && method != Method::None {
            return Err(refused("the authorization server registered a client without the secret that it wants of it"));
        }
        Ok(Registered { id: made.client_id, method, secret })
    }
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
        }
    }
}

impl Registered {
    /// What shows a server that it is this client.
    pub(crate) fn client(&self) -> Client {
        let own = self.secret.clone().map(|secret| Arc::new(Own(secret)) as Arc<dyn StoredSecret>);
        let authentication = match (self.method, own) {
            (Method::ClientSecretBasic, Some(own)) => ClientAuthentication::Basic(own),
            (Method::ClientSecretPost, Some(own)) => ClientAuthentication::Body(own),
            (Method::None, _) | (Method::ClientSecretBasic | Method::ClientSecretPost, None) => {
                ClientAuthentication::Public
            }
        };
        Client { id: self.id.clone(), authentication }
    }

    /// Its secret, to be looked for in answers.
    pub(crate) fn secret(&self) -> Option<Secret> {
        self.secret.clone().map(Secret::new)
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("id", &self.id).field("method", &self.method).finish_non_exhaustive()
    }
}

/// A secret that came with a registration.
struct Own(Zeroizing<String>);

impl StoredSecret for Own {
    fn open(&self) -> Result<Secret, ProviderError> {
        Ok(Secret::new(self.0.clone()))
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own(…)")
    }
}

fn refused(reason: &str) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    const AT_HOME: &str = "http://127.0.0.1:9/callback";

    fn read(method: Method, status: u16, body: &str) -> Result<Registered, String> {
        let answer =
            Fetched { status: status.try_into().unwrap(), headers: HeaderMap::new(), body: body.to_owned().into() };
        Wanted { method, redirect_uri: AT_HOME }.read(&answer).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_asked_for_says_where_people_come_back() {
        let kind = |redirect_uri| {
            let body = Wanted { method: Method::None, redirect_uri }.body();
            serde_json::from_slice::<serde_json::Value>(&body).unwrap()["application_type"].clone()
        };
        assert_eq!((kind(AT_HOME), kind("https://a.example/b")), (json!("native"), json!("web")));
    }

    #[test]
    fn the_server_has_the_last_word_on_the_way_to_prove() {
        let full = r#"{"client_id":"a","client_secret":"b","token_endpoint_auth_method":"client_secret_post"}"#;
        let made = read(Method::ClientSecretBasic, 201, full).unwrap();
        assert!(matches!(made.client().authentication, ClientAuthentication::Body(_)));
        // A secret that nobody wants to see stays unused.
        let made = read(Method::None, 201, r#"{"client_id":"a","client_secret":"b"}"#).unwrap();
        assert!(matches!(made.client().authentication, ClientAuthentication::Public) && made.secret().is_none());
        assert!(!format!("{:?}", read(Method::ClientSecretBasic, 200, full).unwrap()).contains("\"b\""));
    }

    #[test]
    fn a_server_that_registers_nobody_is_told_without_its_own_words() {
        for (status, body) in [(403, r#"{"error":"canary"}"#), (201, "canary"), (302, ""), (200, "{}")] {
            let refused = read(Method::None, status, body).unwrap_err();
            assert!(refused.ends_with("that is registered there") && !refused.contains("canary"), "{refused}");
        }
        assert!(read(Method::None, 503, "").unwrap_err().ends_with("could not be reached"));
        let refused = read(Method::ClientSecretPost, 201, r#"{"client_id":"a"}"#).unwrap_err();
        assert!(refused.ends_with("that it wants of it"), "{refused}");
    }
}
