//! What we publish about ourselves: authorization server (RFC 8414) and protected resource (RFC 9728) metadata.

use model::{InvalidResource, Resource, UpstreamName};
use serde_json::{Value, json};

use crate::{WEB_IDENTITY_CLAIMS, exchange_request::GRANT_TYPE, jose::SignatureAlgorithm};

/// The well-known path of an authorization server's document (RFC 8414, section 3).
pub const AUTHORIZATION_SERVER_PATH: &str = "/.well-known/oauth-authorization-server";
/// The same document where clients of OpenID Connect look for it.
pub const OPENID_CONFIGURATION_PATH: &str = "/.well-known/openid-configuration";
/// What stands before a resource's own path in the path of its document (RFC 9728, section 3.1).
pub const PROTECTED_RESOURCE_PATH: &str = "/.well-known/oauth-protected-resource";

/// The two kinds of route that an upstream is called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// MCP Streamable HTTP.
    Mcp,
    /// Plain HTTP.
    Http,
    /// A service of AWS.
    Aws,
}

impl ResourceKind {
    /// The first segment of the route.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::Http => "http",
            Self::Aws => "aws",
        }
    }

    /// The resource of an upstream below our public URL.
    ///
    /// # Errors
    /// [`InvalidResource`] where the public URL is not an absolute http or https URL.
    pub fn resource(self, public_url: &str, upstream: &UpstreamName) -> Result<Resource, InvalidResource> {
        format!("{}/{}/{upstream}", public_url.trim_end_matches('/'), self.as_str()).parse()
    }

    /// The path of the upstream's metadata document; a 401 names it in `resource_metadata`.
    #[must_use]
    pub fn metadata_path(self, upstream: &UpstreamName) -> String {
        format!("{PROTECTED_RESOURCE_PATH}/{}/{upstream}", self.as_str())
    }
}

/// Where our endpoints are. Each is an absolute URL.
#[derive(Debug, Clone)]
pub struct AuthorizationServer {
    /// Our issuer identifier.
    pub issuer: String,
    /// Clients of MCP demand one; without an interactive grant it answers `unsupported_response_type`.
    pub authorization_endpoint: String,
    /// Token exchange.
    pub token_endpoint: String,
    /// Our key set.
    pub jwks_uri: String,
    /// RFC 7662.
    pub introspection_endpoint: String,
    /// RFC 7009.
    pub revocation_endpoint: String,
}

impl AuthorizationServer {
    /// The document (RFC 8414, section 2). Scopes are not listed: which there are is nobody's business before a session.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": self.authorization_endpoint,
            "token_endpoint": self.token_endpoint,
            "jwks_uri": self.jwks_uri,
            "introspection_endpoint": self.introspection_endpoint,
            "revocation_endpoint": self.revocation_endpoint,
            "grant_types_supported": [GRANT_TYPE],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            // The subject token is the proof of who asks; the token endpoint takes no client credential beside it.
            "token_endpoint_auth_methods_supported": ["none"],
            // These are what clients of OpenID Connect look for in the same document.
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [SignatureAlgorithm::Es256.as_str()],
            // Sources that take our ID tokens read who we are here (OpenID Connect Discovery 1.0, section 3).
            "claims_supported": WEB_IDENTITY_CLAIMS,
        })
    }
}

/// One upstream as a protected resource.
#[derive(Debug, Clone)]
pub struct ProtectedResource {
    /// The resource, as clients name it.
    pub resource: Resource,
    /// Our issuer identifier.
    pub authorization_server: String,
    /// A name for people.
    pub name: String,
}

impl ProtectedResource {
    /// The document (RFC 9728, section 2). Tokens are taken from the header only (RFC 6750, section 2.1).
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "resource": self.resource.as_str(),
            "authorization_servers": [self.authorization_server],
            "bearer_methods_supported": ["header"],
            "resource_name": self.name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_and_its_document_agree() {
        let upstream: UpstreamName = "github".parse().unwrap();
        let resource = ResourceKind::Mcp.resource("https://gw.example/", &upstream).unwrap();
        assert_eq!(resource.as_str(), "https://gw.example/mcp/github");
        assert_eq!(ResourceKind::Http.metadata_path(&upstream), "/.well-known/oauth-protected-resource/http/github");
        let authorization_server = "https://gw.example".to_owned();
        let document = ProtectedResource { resource, authorization_server, name: "GitHub".to_owned() }.to_json();
        assert_eq!(
            document,
            json!({
                "resource": "https://gw.example/mcp/github",
                "authorization_servers": ["https://gw.example"],
                "bearer_methods_supported": ["header"],
                "resource_name": "GitHub",
            })
        );
    }

    fn document() -> Value {
        let at = |path: &str| format!("https://gw.example{path}");
        AuthorizationServer {
            issuer: at(""),
            authorization_endpoint: at("/authorize"),
            token_endpoint: at("/token"),
            jwks_uri: at("/jwks"),
            introspection_endpoint: at("/introspect"),
            revocation_endpoint: at("/revoke"),
        }
        .to_json()
    }

    #[test]
    fn an_mcp_client_finds_what_it_demands() {
        let document = document();
        assert_eq!(document["issuer"], "https://gw.example");
        assert_eq!(document["token_endpoint"], "https://gw.example/token");
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["grant_types_supported"], json!(["urn:ietf:params:oauth:grant-type:token-exchange"]));
    }

    #[test]
    fn a_source_that_takes_our_id_tokens_finds_what_it_demands() {
        let document = document();
        // OpenID Connect Discovery 1.0, section 3: what is required, and the claims.
        assert_eq!(document["jwks_uri"], "https://gw.example/jwks");
        assert_eq!(document["subject_types_supported"], json!(["public"]));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256"]));
        assert!(document["response_types_supported"].is_array());
        for claim in ["sub", "aud", "agent", "upstream", "subject", "session"] {
            assert!(document["claims_supported"].as_array().unwrap().contains(&json!(claim)), "{claim}");
        }
    }
}
