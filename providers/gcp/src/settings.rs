//! Who Claviger is in Google Cloud, and what each credential is.

use std::{fmt, str::FromStr, sync::Arc};

use dial::Reach;
use model::Binding;
use provider::StoredSecret;
use url::Url;

/// Google Cloud, and Claviger there.
#[derive(Debug)]
pub struct Settings {
    /// Where it is asked.
    pub endpoints: Endpoints,
    /// Which addresses these may have, and who vouches for them.
    pub reach: Reach,
    /// Who Claviger is.
    pub principal: Principal,
}

/// Where Google is asked.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// The token endpoint of service account keys: `https://oauth2.googleapis.com/token`.
    pub token: Url,
    /// The Security Token Service: `https://sts.googleapis.com/v1/token`.
    pub sts: Url,
    /// The Service Account Credentials API: `https://iamcredentials.googleapis.com`.
    pub iam_credentials: Url,
}

/// Who Claviger is.
#[derive(Debug)]
pub enum Principal {
    /// The service account of a stored key, JSON as Google gives it out.
    Key(Arc<dyn StoredSecret>),
    /// Nobody of Google's: each session is told in a token that Claviger signs, and nothing is stored.
    Federation {
        /// `//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
        provider: String,
        /// The `aud` of that token; the provider with `https:` before it where there is none, as Google expects by default.
        subject_token_audience: Option<String>,
    },
}

/// What one credential is.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The one upstream, destination and slot that it is for.
    pub binding: Binding,
    /// The service account that is impersonated; `None` where the principal itself is used.
    pub service_account: Option<ServiceAccount>,
    /// Which kind of token.
    pub token: Token,
}

/// The kinds of token.
#[derive(Debug, Clone)]
pub enum Token {
    /// For Google's own APIs.
    Access {
        /// Such as `https://www.googleapis.com/auth/devstorage.read_only`; at least one.
        scopes: Vec<String>,
    },
    /// For a service that checks who calls it, such as one on Cloud Run.
    Id {
        /// That service.
        audience: String,
    },
}

/// The e-mail address of a service account. It stands in a path, so it is made of nothing that ends a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount(String);

/// The text is not such an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a service account is an address such as name@project.iam.gserviceaccount.com")]
pub struct InvalidServiceAccount;

impl FromStr for ServiceAccount {
    type Err = InvalidServiceAccount;

    fn from_str(text: &str) -> Result<Self, InvalidServiceAccount> {
        let is_plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
        };
        let (name, domain) = text.split_once('@').ok_or(InvalidServiceAccount)?;
        let fits = text.len() <= 256 && is_plain(name) && is_plain(domain) && domain.contains('.');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidServiceAccount) }
    }
}

impl fmt::Display for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_ends_no_segment_of_a_path() {
        let good = "reader@my-project.iam.gserviceaccount.com";
        assert_eq!(good.parse::<ServiceAccount>().unwrap().to_string(), good);
        for refused in
            ["", "reader", "@a.b", "a@", "a@b", "a/b@c.d", "a@b.c/d", "a@b.c?d", "a%2f@b.c", "a b@c.d", "a@b@c.d"]
        {
            assert_eq!(refused.parse::<ServiceAccount>(), Err(InvalidServiceAccount), "{refused:?}");
        }
    }
}
