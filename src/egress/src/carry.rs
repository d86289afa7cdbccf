//! The seam: one ticket in, one unscanned answer out.

use async_trait::async_trait;
use http::Response;

use crate::{EgressError, ForwardTicket, Unscanned};

/// Carries a call to its upstream. It runs in this process, and can move into one of its own without touching a caller.
#[async_trait]
pub trait Egress: Send + Sync {
    /// Spends the ticket. The response holds a status and nothing else that the upstream said; its headers are within
    /// [`Unscanned`]. Redirects are responses, and none is followed.
    ///
    /// Dropping the future closes the connection; the upstream may have acted on the request.
    ///
    /// # Errors
    /// See [`EgressError`]; [`EgressError::blame`] says whose fault it is.
    async fn carry(&self, ticket: ForwardTicket) -> Result<Response<Unscanned>, EgressError>;
}
