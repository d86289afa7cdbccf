//! `[[upstreams]]`: the servers that we call for agents.

use std::path::PathBuf;

use model::{AddressClass, Binding, Destination, Injection, Operations, Resource, UpstreamName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    address::{Addresses, check_reach, existing_file, is_readable_on_the_way},
    at::{At, Number},
    credential::{Credential, CredentialTable, Issued},
    masking::{UpstreamMasking, UpstreamMaskingTable},
    operation::{self, OperationTable},
    problem::Problems,
    provider::Provider,
};

/// A server that we call for agents.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Upstream {
    /// Its name in scopes, policies, routes and the record.
    pub name: UpstreamName,
    /// What a session token for it is for: the public URL, `mcp`, `http` or `aws`, and the name.
    pub resource: Resource,
    /// What it speaks.
    pub kind: UpstreamKind,
    /// Where it is.
    pub destination: Destination,
    /// Which addresses its host may resolve to.
    pub addresses: AddressClass,
    /// Trusted in place of the operating system's certificate authorities; PEM, and the file exists.
    pub certificate_authority: Option<PathBuf>,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// What becomes of the tokens that its answers issue.
    pub issued_tokens: IssuedTokens,
    /// What goes into its calls; `None` where they carry no credential.
    pub credential: Option<Credential>,
    /// What is done with finds in its traffic.
    pub masking: UpstreamMasking,
}

/// What an upstream speaks.
#[derive(Debug, Clone)]
pub enum UpstreamKind {
    /// The Model Context Protocol over Streamable HTTP.
    Mcp {
        /// The revision.
        era: Era,
    },
    /// Plain HTTP.
    Http {
        /// What of it may be called.
        operations: Operations,
    },
    /// A service of AWS, called by its own SDKs.
    Aws {
        /// Which service.
        service: AwsService,
        /// Which parts of an object may be asked for.
        accept_ranges: AcceptRanges,
    },
}

/// Which parts of an object of S3 may be asked for, instead of the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AcceptRanges {
    /// No part: every object is scanned from its beginning.
    #[default]
    None,
    /// Those that begin and end at whole mebibytes, as SDKs download large objects. Of a secret across such a line, up to 15 bytes on
    /// either side pass; `UploadPartCopy`, which could move one there, is refused.
    Mebibytes,
}

/// A service of AWS whose requests are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    /// Simple Storage Service.
    S3,
    /// DynamoDB.
    DynamoDb,
    /// Security Token Service.
    Sts,
}

/// The revision of the Model Context Protocol that an upstream speaks. It is never found out by trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Era {
    /// With sessions and an `initialize` handshake.
    #[serde(rename = "2025-11-25")]
    V2025_11_25,
    /// Without state between requests.
    #[serde(rename = "2026-07-28")]
    V2026_07_28,
}

/// What becomes of tokens, passwords and keys that the answers of an upstream bring in fields with telling names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IssuedTokens {
    /// They are masked, and forgotten.
    #[default]
    Mask,
    /// They are kept until the session ends, and the agent gets handles, which it may show to this upstream in their place.
    Capture,
    /// The answer is withheld.
    Deny,
}

/// How long an upstream may take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// To be connected to, TLS included.
    pub connect_seconds: u32,
    /// To begin its answer.
    pub response_header_seconds: u32,
    /// To send the next bytes of its answer.
    pub idle_seconds: u32,
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// The Model Context Protocol over Streamable HTTP; agents call `/mcp/NAME`.
    Mcp,
    /// Plain HTTP, of which the named operations may be called; agents call `/http/NAME/…`.
    Http,
    /// A service of AWS, whose operations are its tools; SDKs of AWS call `/aws/NAME/…`, with a key from `/aws-credentials/NAME`.
    Aws,
}

/// A server that Claviger calls for agents.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamTable {
    /// Its name in scopes, policies, routes and the record.
    pub(crate) name: At<UpstreamName>,
    /// What it speaks.
    pub(crate) kind: Kind,
    /// Where it is: the endpoint of an MCP server, or what stands before the paths of an HTTP one.
    url: At<Destination>,
    /// The revision of the Model Context Protocol that it speaks; needed for `kind = "mcp"`.
    era: Option<Era>,
    /// Which parts of an object may be asked for, instead of the whole; only of S3.
    accept_ranges: Option<AcceptRanges>,
    /// Which addresses its host may resolve to.
    #[serde(default)]
    addresses: Addresses,
    /// Says that calls and the credential may travel to another machine without TLS, where `url` is `http`.
    #[serde(default)]
    plaintext: bool,
    /// A PEM file of certificate authorities, trusted here in place of the operating system's.
    certificate_authority: Option<At<PathBuf>>,
    /// How long it may take to be connected to, TLS included.
    #[serde(default = "connect_seconds_default")]
    connect_seconds: At<Number<1, 300>>,
    /// How long it may take to begin its answer.
    #[serde(default = "response_header_seconds_default")]
    response_header_seconds: At<Number<1, 3600>>,
    /// How long its answer may pause.
    #[serde(default = "idle_seconds_default")]
    idle_seconds: At<Number<1, 3600>>,
    /// What becomes of tokens, passwords and keys that its answers bring in fields with telling names.
    #[serde(default)]
    issued_tokens: IssuedTokens,
    /// The credential that goes into every call of it. Without one, calls carry none.
    pub(crate) credential: Option<CredentialTable>,
    /// What is done with finds in its traffic.
    #[serde(default)]
    masking: UpstreamMaskingTable,
    /// What of an HTTP server may be called; needed for `kind = "http"`.
    #[serde(default)]
    pub(crate) operations: Vec<OperationTable>,
}

const fn connect_seconds_default() -> At<Number<1, 300>> {
    Number::implied(5)
}

const fn response_header_seconds_default() -> At<Number<1, 3600>> {
    Number::implied(60)
}

const fn idle_seconds_default() -> At<Number<1, 3600>> {
    Number::implied(300)
}

impl UpstreamTable {
    pub(crate) fn check(
        self,
        public_url: &Destination,
        providers: &[Provider],
        masking: &UpstreamMaskingTable,
        problems: &mut Problems<'_>,
    ) -> Option<Upstream> {
        let name = self.name.value;
        if is_readable_on_the_way(&self.url.value) && !self.plaintext {
            problems
                .at(&self.url.span, "calls and the credential would travel to this URL without TLS")
                .help_with("write https, or add `plaintext = true` where the network on the way is trusted with both");
        }
        check_reach(&self.url.value, &self.url.span, self.addresses, problems);
        let credential = self.credential.and_then(|credential| credential.check(providers, problems));
        let kind = match (self.kind, self.era) {
            (Kind::Aws, era) => {
                if era.is_some() || !self.operations.is_empty() {
                    problems
                        .at(&self.name.span, format!("{name} is a service of AWS, whose operations are known"))
                        .help_with("remove `era` and `operations`");
                }
                if self.issued_tokens == IssuedTokens::Capture {
                    problems
                        .at(&self.name.span, format!("a handle cannot stand in the signed requests to {name}"))
                        .help_with("write `issued_tokens = \"mask\"` or `\"deny\"`");
                }
                let service = credential.as_ref().and_then(|credential| aws_service(&credential.injection));
                if service.is_none() {
                    problems
                        .at(&self.name.span, format!("which service of AWS {name} is, is not said"))
                        .help_with("give it a credential with `inject = { aws_signature = { service, region } }`, of s3, dynamodb or sts");
                }
                let accept_ranges = self.accept_ranges.unwrap_or_default();
                service.map(|service| UpstreamKind::Aws { service, accept_ranges })
            }
            (Kind::Mcp, Some(era)) => {
                if !self.operations.is_empty() {
                    problems
                        .at(&self.name.span, format!("{name} is an MCP server, and has tools instead of operations"))
                        .help_with("remove its `operations`, or write `kind = \"http\"`");
                }
                Some(UpstreamKind::Mcp { era })
            }
            (Kind::Mcp, None) => {
                problems
                    .at(&self.name.span, format!("the revision of the protocol that {name} speaks is missing"))
                    .help_with("add `era = \"2025-11-25\"` or `era = \"2026-07-28\"`; it is never found out by trying");
                None
            }
            (Kind::Http, era) => {
                if era.is_some() {
                    problems
                        .at(&self.name.span, format!("{name} is a plain HTTP server, and has no `era`"))
                        .help_with("remove `era`, or write `kind = \"mcp\"`");
                }
                if self.operations.is_empty() {
                    problems
                        .at(&self.name.span, format!("nothing of {name} may be called"))
                        .help_with("add `[[upstreams.operations]]` with `name`, `methods` and `path`");
                }
                Some(UpstreamKind::Http { operations: operation::check(self.operations, problems) })
            }
        };
        let is_not_s3 =
            matches!(&kind, Some(kind) if !matches!(kind, UpstreamKind::Aws { service: AwsService::S3, .. }));
        if self.accept_ranges.is_some() && is_not_s3 {
            problems
                .at(&self.name.span, format!("{name} is not S3, and parts of its answers cannot be asked for"))
                .help_with("remove `accept_ranges`");
        }
        let certificate_authority = self.certificate_authority.map(|path| existing_file(&path, false, problems));
        let route = match self.kind {
            Kind::Mcp => "mcp",
            Kind::Http => "http",
            Kind::Aws => "aws",
        };
        Some(Upstream {
            resource: format!("{public_url}/{route}/{name}").parse().ok()?,
            name,
            kind: kind?,
            destination: self.url.value,
            addresses: self.addresses.into(),
            certificate_authority,
            timeouts: Timeouts {
                connect_seconds: self.connect_seconds.value.0,
                response_header_seconds: self.response_header_seconds.value.0,
                idle_seconds: self.idle_seconds.value.0,
            },
            issued_tokens: self.issued_tokens,
            credential,
            masking: self.masking.over(masking),
        })
    }
}

/// The service that a slot signs for, where requests to it can be read.
fn aws_service(injection: &Injection) -> Option<AwsService> {
    let Injection::AwsSigV4 { service, .. } = injection else { return None };
    match service.as_str() {
        "s3" => Some(AwsService::S3),
        "dynamodb" => Some(AwsService::DynamoDb),
        "sts" => Some(AwsService::Sts),
        _ => None,
    }
}

impl Upstream {
    /// Whether its credential is one that an operator stores.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.credential.as_ref().is_some_and(|credential| credential.issued == Issued::Fixed)
    }

    /// What its credential is bound to; `None` where its calls carry none.
    #[must_use]
    pub fn binding(&self) -> Option<Binding> {
        self.credential.as_ref().map(|credential| Binding {
            credential: credential.name.clone(),
            upstream: self.name.clone(),
            destination: self.destination.clone(),
            injection: credential.injection.clone(),
        })
    }
}
