//! A service of AWS as an upstream: which one, and the keys that stand in for real ones at its door.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use model::SessionId;
use sigv4::{StandIn, StandIns};

use crate::{
    Gateway,
    denial::Denial,
    facts::Facts,
    mask::{Clean, ours_json},
    refuse::refuse,
    session::Sessions,
    upstream::Speech,
};

/// Where SDKs ask for a key; the name of an upstream follows. It stands beside `/aws/`, where every name may be a bucket's.
pub const CREDENTIALS_PATH: &str = "/aws-credentials/";

/// A service whose requests are read and signed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsKind {
    /// Simple Storage Service.
    S3,
    /// DynamoDB.
    DynamoDb,
    /// Security Token Service, for who the caller is and nothing else.
    Sts,
}

impl AwsKind {
    /// The service, as it calls itself in signatures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::DynamoDb => "dynamodb",
            Self::Sts => "sts",
        }
    }
}

/// Which parts of an object may be asked for, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsRanges {
    /// None: every object is read from its beginning.
    None,
    /// Those that begin and end at whole mebibytes.
    WholeMebibytes,
}

/// A service, and the keys that its callers sign with.
#[derive(Debug)]
pub struct AwsService {
    kind: AwsKind,
    ranges: AwsRanges,
    stand_ins: Arc<StandIns>,
}

impl AwsService {
    /// A service whose callers sign with keys of `stand_ins`.
    #[must_use]
    pub const fn new(kind: AwsKind, ranges: AwsRanges, stand_ins: Arc<StandIns>) -> Self {
        Self { kind, ranges, stand_ins }
    }

    pub(crate) const fn kind(&self) -> AwsKind {
        self.kind
    }

    pub(crate) const fn ranges(&self) -> AwsRanges {
        self.ranges
    }

    pub(crate) fn stand_in(&self, session: &SessionId) -> StandIn {
        self.stand_ins.of(session)
    }
}

impl Gateway {
    /// Answers an SDK that asks for its key as it would ask a container's agent (`AWS_CONTAINER_CREDENTIALS_FULL_URI`), with the
    /// session token for a password. The key is good here alone, and its session token is the one that the SDK showed.
    pub async fn lend_key<B>(&self, request: &Request<B>) -> Response<Clean> {
        let mut known = Facts::new(self.new_trace(), self.clock.now());
        match self.stand_in_for(request, &mut known) {
            Ok(answer) => answer,
            Err(denial) => refuse(&self.recorder, &known, denial).await,
        }
    }

    fn stand_in_for<B>(&self, request: &Request<B>, known: &mut Facts) -> Result<Response<Clean>, Denial> {
        self.door.admit(request.headers(), request.uri())?;
        if request.method() != Method::GET {
            return Err(Denial::MethodNotAllowed { allow: "GET" });
        }
        let name = request.uri().path().strip_prefix(CREDENTIALS_PATH).ok_or(Denial::UnknownUpstream)?;
        let upstream = self.upstreams.find(name).ok_or(Denial::UnknownUpstream)?;
        let Speech::Aws(service) = upstream.speech() else { return Err(Denial::UnknownUpstream) };
        known.upstream = Some(Arc::clone(upstream));
        let (caller, token) = self.authenticator.authenticate_verbatim(request.headers(), known.arrived)?;
        let session = Sessions::enter(caller, upstream.resource(), known.arrived)?;
        known.session = Some(Arc::clone(session.session()));
        let facts = session.session().facts();
        let answer = service.stand_in(&facts.id).container_credentials(token, facts.expires);
        Ok(ours_json(StatusCode::OK, Bytes::from_owner(answer)))
    }
}
