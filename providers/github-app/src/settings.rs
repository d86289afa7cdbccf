//! Which App Claviger is, and what each credential may do.

use std::{collections::BTreeMap, sync::Arc};

use dial::Reach;
use model::Binding;
use provider::StoredSecret;
use serde::{Deserialize, Serialize};
use url::Url;

/// GitHub, and Claviger as an App there.
#[derive(Debug)]
pub struct Settings {
    /// The REST API: `https://api.github.com`, or `https://HOST/api/v3` of GitHub Enterprise Server.
    pub api: Url,
    /// Which addresses it may have, and who vouches for it.
    pub reach: Reach,
    /// The App's client id, or its number.
    pub app: String,
    /// The App's private key, PEM as GitHub gives it out.
    pub key: Arc<dyn StoredSecret>,
}

/// What one credential may do.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The one upstream, destination and slot that it is for.
    pub binding: Binding,
    /// The installation: an account that has installed the App.
    pub installation: u64,
    /// The repositories of that account, by their names without the account; at least one.
    pub repositories: Vec<String>,
    /// What may be done there, by GitHub's names, such as `contents` and `pull_requests`; at least one.
    pub permissions: BTreeMap<String, Access>,
}

/// How far a permission goes; each holds the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// To look.
    Read,
    /// To change.
    Write,
    /// To change who may.
    Admin,
}
