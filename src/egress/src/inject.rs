//! The one place that opens a credential: into its slot of one request, for the destination that it is bound to.

mod basic;
mod body;
mod header;
mod query;

use std::hash::BuildHasher;

use bytes::Bytes;
use model::{Binding, Injection};
use secret::Secret;
use zeroize::Zeroizing;

use crate::{EgressError, forward::Draft};

/// Puts the credential into its slot. The copies made here are wiped when the request was written; those that the HTTP and TLS
/// libraries make are not.
///
/// # Errors
/// The draft goes to another destination, the caller filled the slot, or the slot cannot carry the credential.
pub(crate) fn inject(draft: &mut Draft<'_>, binding: &Binding, secret: &Secret) -> Result<(), EgressError> {
    if !binding.destination.covers(draft.upstream.destination()) {
        return Err(EgressError::CredentialBoundElsewhere);
    }
    let opened = secret.expose();
    match &binding.injection {
        Injection::Header { name, prefix } => header::write(&mut draft.headers, name, prefix, opened),
        Injection::Basic { username } => basic::write(&mut draft.headers, username, opened),
        Injection::Query { parameter } => {
            draft.target = query::append(&draft.target, parameter, opened)?;
            Ok(())
        }
        Injection::Body { pointer } => {
            let judged = draft.body.known().ok_or(EgressError::SlotMissing)?;
            draft.injected_body = Some(body::insert(judged, pointer, opened)?);
            Ok(())
        }
    }
}

/// A number that tells one value of a credential from the next, under a random key of this process.
pub(crate) fn generation(secret: &Secret, hasher: &impl BuildHasher) -> u64 {
    hasher.hash_one(secret.expose())
}

/// Shared bytes that are wiped when the last holder drops them.
fn wiped(bytes: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(bytes)
}
