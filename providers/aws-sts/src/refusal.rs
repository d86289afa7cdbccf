//! What an error of STS means, in words of ours that hold no secret.

use std::{error::Error, iter::successors};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use provider::ProviderError;

use crate::RoleArn;

/// Reads an error of STS. Nothing that AWS wrote goes on but its error code: its sentences may repeat what was sent.
pub(crate) fn refusal<E>(error: &SdkError<E, HttpResponse>, role: &RoleArn) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if has_no_credentials(error) {
        let reason = "Claviger has no credentials of AWS where it runs; give the process a role, or authenticate with `web-identity`";
        return ProviderError::Missing { reason: reason.to_owned() };
    }
    let Some(service) = error.as_service_error() else { return ProviderError::Unreachable };
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    // A no without a reason is a no to the caller, as far as anybody can tell.
    let code = service.code().unwrap_or(if status == 403 { "AccessDenied" } else { "" });
    match explained(code, role) {
        Some(reason) => ProviderError::Refused { reason },
        None if status >= 500 || status == 429 || is_passing(code) => ProviderError::Unreachable,
        None => ProviderError::Refused { reason: format!("STS answered {status} {}", printable(code)) },
    }
}

/// Some codes have this ending on the wire and others have not.
const ENDING: &str = "Exception";

fn explained(code: &str, role: &RoleArn) -> Option<String> {
    Some(match code.strip_suffix(ENDING).unwrap_or(code) {
        "AccessDenied" => format!(
            "AWS does not let Claviger assume {role}: the role must exist, and its trust policy must allow the call, sts:TagSession and sts:SetSourceIdentity for this subject"
        ),
        "PackedPolicyTooLarge" => {
            "the session policy and the tags are too large for STS when packed; ask for fewer tools in one session, or write fewer and wider resources"
                .to_owned()
        }
        "MalformedPolicyDocument" => {
            "STS cannot read the session policy: check the actions, resources and conditions that are written under `tools`"
                .to_owned()
        }
        "ExpiredToken" | "RequestExpired" => "what Claviger showed had expired when AWS read it; check this machine's clock".to_owned(),
        "InvalidIdentityToken" => {
            "AWS does not accept Claviger's identity token: IAM must have an OIDC provider for its public URL, with this audience"
                .to_owned()
        }
        "IDPRejectedClaim" => {
            "AWS rejects a claim of Claviger's identity token; check the audience of IAM's OIDC provider and the clock".to_owned()
        }
        "IDPCommunicationError" => {
            "AWS could not read Claviger's keys: its discovery document and jwks_uri must be reachable from the internet".to_owned()
        }
        "RegionDisabled" => "STS is not active in this region for the account of the role".to_owned(),
        "InvalidClientTokenId" | "UnrecognizedClient" | "SignatureDoesNotMatch" | "IncompleteSignature" => {
            "AWS does not accept the credentials that Claviger itself has where it runs; check them, and this machine's clock"
                .to_owned()
        }
        _ => return None,
    })
}

fn is_passing(code: &str) -> bool {
    let code = code.strip_suffix(ENDING).unwrap_or(code);
    matches!(code, "Throttling" | "ThrottledRequest" | "RequestLimitExceeded" | "RequestTimeout" | "ServiceUnavailable")
}

/// Whether the chain of causes ends at credentials that are not there, which the SDK reports as a failure to send.
fn has_no_credentials(error: &(dyn Error + 'static)) -> bool {
    successors(Some(error), |&error| error.source()).any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_))
        )
    })
}

/// A code as AWS writes them, or nothing of it.
fn printable(code: &str) -> &str {
    let fits = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    if fits { code } else { "with an error code that is none" }
}
