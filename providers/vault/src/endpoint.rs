//! A request of Vault's API that `vaultrs` has no shape for, or one that would lose the lease.

use rustify::{
    endpoint::Endpoint,
    enums::{RequestMethod, RequestType, ResponseType},
    errors::ClientError,
};
use serde_json::Value;

/// A path and what to do there.
pub(crate) struct Raw {
    path: String,
    query: Option<String>,
    body: Option<Value>,
}

impl Raw {
    pub(crate) fn read(path: &str) -> Self {
        Self { path: path.to_owned(), query: None, body: None }
    }

    pub(crate) fn read_version(path: &str, version: u64) -> Self {
        Self { query: Some(format!("version={version}")), ..Self::read(path) }
    }

    pub(crate) fn write(path: impl Into<String>, body: Value) -> Self {
        Self { path: path.into(), query: None, body: Some(body) }
    }
}

impl Endpoint for Raw {
    type Response = ();
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        self.path.clone()
    }

    fn method(&self) -> RequestMethod {
        if self.body.is_some() { RequestMethod::POST } else { RequestMethod::GET }
    }

    fn query(&self) -> Result<Option<String>, ClientError> {
        Ok(self.query.clone())
    }

    fn body(&self) -> Result<Option<Vec<u8>>, ClientError> {
        Ok(self.body.as_ref().map(|body| body.to_string().into_bytes()))
    }
}
