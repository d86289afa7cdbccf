//! A call, from the first byte of its request to the last byte of its answer: the stages, in order.

use std::sync::Arc;

use egress::EgressError;
use http::{Request, Response};
use hyper::body::Incoming;

use crate::{
    Gateway,
    approve::{Approved, approve},
    asked::Asked,
    authorize::authorize,
    converse::{self, Leg},
    denial::Denial,
    facts::{Facts, Voice},
    handles::find_stand_ins,
    inspect::inspect,
    mask::{Clean, fail, mask},
    plain,
    read::read,
    refuse::refuse,
    session::Sessions,
    upstream::Speech,
};

impl Gateway {
    /// Carries one call. Every call is answered: a refusal is an answer too, and both are recorded. An answer may need further
    /// exchanges while it streams, so it can hold the gateway.
    pub async fn carry(self: &Arc<Self>, request: Request<Incoming>) -> Response<Clean> {
        let mut known = Facts::new(self.new_trace(), self.clock.now());
        let answer = match self.judge(request, &mut known).await {
            Ok((approved, Asked::Http(asked))) => plain::answer(self, approved, *asked).await,
            Ok((approved, Asked::Mcp(asked))) => converse::answer(self, approved, *asked).await,
            Err(denial) => Err(denial),
        };
        match answer {
            Ok(answer) => answer,
            Err(denial) => refuse(&self.recorder, &known, denial).await,
        }
    }

    /// From a request to the evidence that it may be made.
    async fn judge(&self, request: Request<Incoming>, known: &mut Facts) -> Result<(Approved, Asked), Denial> {
        self.door.admit(request.headers(), request.uri())?;
        let path = request.uri().path().to_owned();
        let (upstream, rest) = self.upstreams.route(&path)?;
        known.upstream = Some(Arc::clone(upstream));
        if let Speech::Aws(service) = upstream.speech() {
            known.voice = Voice::Aws(service.kind());
        }
        let query = request.uri().query().unwrap_or_default();
        let caller = self.authenticator.authenticate(request.headers(), query, upstream.speech(), known.arrived)?;
        let session = Sessions::enter(caller, upstream.resource(), known.arrived)?;
        known.session = Some(Arc::clone(session.session()));
        let asked = read(request, &session, upstream, rest, self.limits, known).await?;
        let inspected = inspect(asked, upstream, self.limits, known).await?;
        let permit = authorize(session, upstream, inspected, known)?;
        approve(permit, known)
    }

    /// One exchange with the upstream: its handles and pseudonyms found, recorded, carried, masked, recorded.
    ///
    /// # Errors
    /// The handles', the record's, egress's or the mask's; the outcome of what was sent is recorded before.
    pub async fn forward(&self, approved: &Approved, leg: Leg) -> Result<Response<Clean>, Denial> {
        let exchange = find_stand_ins(leg, approved.upstream())?;
        let recorded = self.recorder.intent(approved, exchange).await?;
        let (ticket, outcome) = recorded.into_parts();
        let carried = tokio::select! {
            biased; // what is there costs no registration
            carried = self.egress.carry(ticket) => carried.map_err(|error| self.unanswered(error, approved)),
            () = approved.session().end().cancelled() => Err(Denial::SessionEnded),
        };
        match carried {
            Ok(answer) => mask(answer, outcome, self.leaks.over(approved), approved.upstream()).await,
            Err(denial) => Err(fail(outcome, denial).await),
        }
    }

    /// Why there is no answer; and for a person who could change that, where.
    fn unanswered(&self, error: EgressError, approved: &Approved) -> Denial {
        if error == EgressError::NotConnected {
            let (asker, upstream) = (approved.session().caller(), approved.upstream().name());
            return Denial::ConnectionRequired { url: self.invitations.invite(asker, upstream) };
        }
        Denial::Egress(error)
    }
}
