//! Connections that show a client certificate: a pool for each lease, so that no session travels on the certificate of another.

use std::{fmt, time::Duration};

use dial::{ClientIdentity, Pool, WithoutTls};
use model::LeaseId;
use moka::sync::Cache;
use provider::{Lease, Material};

use crate::EgressError;

/// Pools of one upstream at once; one for each session that uses it. One that is pushed out is made again, with a new handshake.
const POOL_COUNT_MAX: u64 = 4096;

/// A pool that nobody asked for in this time goes away, with its key; the session may still be there, and makes it again.
const UNUSED_TIME_MAX: Duration = Duration::from_secs(300);

/// The pools of one upstream, by lease. A lease that takes the place of another gets a pool of its own: calls that are on their way
/// end on the connections that they have.
pub(crate) struct CertifiedPools(Cache<LeaseId, Pool>);

impl Default for CertifiedPools {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(POOL_COUNT_MAX).time_to_idle(UNUSED_TIME_MAX).build())
    }
}

impl CertifiedPools {
    /// The pool of a lease; `make` makes it at the first call.
    ///
    /// # Errors
    /// The lease is none of a certificate, or its key does not fit.
    pub(crate) fn of(
        &self,
        lease: &Lease,
        make: impl FnOnce(&ClientIdentity) -> Result<Pool, WithoutTls>,
    ) -> Result<Pool, EgressError> {
        if let Some(pool) = self.0.get(&lease.id) {
            return Ok(pool);
        }
        let Material::Certificate { chain, private_key } = &lease.material else {
            return Err(EgressError::CredentialUnfit);
        };
        let identity = ClientIdentity::new(chain, private_key.expose()).map_err(|reason| {
            tracing::warn!(lease = %lease.id, %reason, "a certificate cannot be shown");
            EgressError::CredentialUnfit
        })?;
        let pool = make(&identity).map_err(|WithoutTls| EgressError::CredentialUnfit)?;
        // Two first calls at once may each make one; the one that is kept serves those that follow.
        self.0.insert(lease.id.clone(), pool.clone());
        Ok(pool)
    }
}

impl fmt::Debug for CertifiedPools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertifiedPools({})", self.0.entry_count())
    }
}
