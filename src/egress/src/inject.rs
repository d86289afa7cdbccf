//! The one place that opens a credential: into its slot of one request, for the destination that it is bound to.

mod aws_chunks;
mod aws_sigv4;
mod basic;
mod body;
mod header;
mod query;

use std::hash::BuildHasher;

use bytes::Bytes;
use dial::Dialer;
use model::{Binding, Injection, Timestamp};
use provider::{Lease, Material};
use secret::Secret;
use sigv4::Credentials;
use zeroize::Zeroizing;

pub use self::aws_sigv4::goes_to_aws;
pub(crate) use self::header::write as set_header;
use crate::{EgressError, forward::Draft};

/// Puts the credential into its slot. The copies made here are wiped when the request was written; those that the HTTP and TLS
/// libraries make are not.
///
/// # Errors
/// The draft goes to another destination, the caller filled the slot, or the slot cannot carry the credential.
pub(crate) fn inject(
    draft: &mut Draft<'_>,
    binding: &Binding,
    lease: &Lease,
    dialer: &Dialer,
    now: Timestamp,
) -> Result<(), EgressError> {
    if !binding.destination.covers(draft.upstream.destination()) {
        return Err(EgressError::CredentialBoundElsewhere);
    }
    match (&binding.injection, &lease.material) {
        (Injection::Header { name, prefix }, Material::Token(secret)) => {
            header::write(&mut draft.headers, name, prefix, secret.expose())
        }
        (Injection::Basic { username }, Material::Token(secret)) => {
            basic::write(&mut draft.headers, username, secret.expose())
        }
        (Injection::BasicPair, Material::Password { username, password }) => {
            basic::write(&mut draft.headers, username, password.expose())
        }
        (Injection::ClientCertificate, Material::Certificate { .. }) => {
            draft.certified = Some(draft.upstream.certified_pool(dialer, lease)?);
            Ok(())
        }
        (Injection::Query { parameter }, Material::Token(secret)) => {
            draft.target = query::append(&draft.target, parameter, secret.expose())?;
            Ok(())
        }
        (Injection::Body { pointer }, Material::Token(secret)) => {
            let judged = draft.known_body().ok_or(EgressError::SlotMissing)?;
            draft.injected_body = Some(body::insert(judged, pointer, secret.expose())?);
            Ok(())
        }
        (
            Injection::AwsSigV4 { service, region },
            Material::AwsKey { access_key_id, secret_access_key, session_token },
        ) => {
            let session_token = Some(session_token);
            let credentials = Credentials { access_key_id, secret_access_key, session_token, region, service };
            aws_sigv4::write(draft, credentials, now)
        }
        (
            Injection::Header { .. }
            | Injection::Basic { .. }
            | Injection::BasicPair
            | Injection::ClientCertificate
            | Injection::Query { .. }
            | Injection::Body { .. }
            | Injection::AwsSigV4 { .. },
            Material::Token(_) | Material::Password { .. } | Material::AwsKey { .. } | Material::Certificate { .. },
        ) => Err(EgressError::CredentialUnfit),
    }
}

/// A number that tells one value of a credential from the next, under a random key of this process.
pub(crate) fn generation(secret: &Secret, hasher: &impl BuildHasher) -> u64 {
    hasher.hash_one(secret.expose())
}

/// Shared bytes that are wiped when the last holder drops them.
pub(crate) fn wiped(bytes: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(bytes)
}
