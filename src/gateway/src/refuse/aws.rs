//! A refusal as a service of AWS would say it: in XML or JSON, under a code that SDKs know, with our word at the end of the text.

use http::{HeaderValue, Response, StatusCode, header};
use sigv4::Refusal;

use crate::{
    aws::AwsKind,
    denial::Denial,
    facts::Facts,
    mask::{Clean, ours},
};

/// The refusal in the protocol of the service. The trace stands where AWS has the id of a request.
pub(super) fn say(kind: AwsKind, known: &Facts, denial: &Denial) -> Response<Clean> {
    let (told, code) = (denial.told(), code(kind, denial));
    let page = denial.page().map(|page| format!(": {page}")).unwrap_or_default();
    let text = format!("{}{page} ({})", told.description, told.error);
    let trace_id = known.trace.trace_id();
    let (content_type, body) = match kind {
        AwsKind::S3 => ("application/xml", {
            let text = escaped(&text);
            format!("<Error><Code>{code}</Code><Message>{text}</Message><RequestId>{trace_id}</RequestId></Error>")
        }),
        AwsKind::Sts => ("application/xml", {
            let (text, whose) = (escaped(&text), if told.status.is_server_error() { "Receiver" } else { "Sender" });
            format!(
                "<ErrorResponse><Error><Type>{whose}</Type><Code>{code}</Code><Message>{text}</Message></Error>\
                 <RequestId>{trace_id}</RequestId></ErrorResponse>"
            )
        }),
        AwsKind::DynamoDb => {
            ("application/x-amz-json-1.0", serde_json::json!({ "__type": code, "message": text }).to_string())
        }
    };
    let mut response = ours(told.status, body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What programs look at. SDKs repeat a call by it, and set their clocks right.
fn code(kind: AwsKind, denial: &Denial) -> &'static str {
    if matches!(denial, Denial::AwsSignature(Refusal::Skewed)) {
        return "RequestTimeTooSkewed";
    }
    let told = denial.told();
    match (told.status, kind) {
        (StatusCode::FORBIDDEN, _) if told.error == "invalid_signature" => "SignatureDoesNotMatch",
        (StatusCode::FORBIDDEN, AwsKind::DynamoDb) => "AccessDeniedException",
        (StatusCode::FORBIDDEN, AwsKind::S3 | AwsKind::Sts) => "AccessDenied",
        (StatusCode::UNAUTHORIZED, _) => "InvalidToken",
        (StatusCode::REQUEST_TIMEOUT, _) => "RequestTimeout",
        (StatusCode::SERVICE_UNAVAILABLE, _) => "ServiceUnavailable",
        (status, _) if status.is_server_error() => "InternalError",
        _ => "InvalidRequest",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use model::{RuleId, Timestamp, TraceContext};

    use super::*;

    const TRACE: &str = "07070707070707070707070707070707";

    fn said(kind: AwsKind, denial: &Denial) -> (u16, String, String) {
        let known = Facts::new(TraceContext::new([7; 16], [7; 8], 0), Timestamp::from_seconds(1));
        let response = say(kind, &known, denial);
        let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = String::from_utf8(response.body().whole().unwrap().to_vec()).unwrap();
        (response.status().as_u16(), content_type, body)
    }

    #[test]
    fn each_service_refuses_in_its_own_protocol() {
        let rule: RuleId = "not-salaries".parse().unwrap();
        let denial = Denial::Policy { rule };
        let (xml, json) = ("application/xml".to_owned(), "application/x-amz-json-1.0".to_owned());
        let s3 = format!(
            "<Error><Code>AccessDenied</Code><Message>policy does not permit this call (denied_by_policy)</Message>\
             <RequestId>{TRACE}</RequestId></Error>"
        );
        assert_eq!(said(AwsKind::S3, &denial), (403, xml.clone(), s3));
        let sts = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
             <Message>policy does not permit this call (denied_by_policy)</Message></Error>\
             <RequestId>{TRACE}</RequestId></ErrorResponse>"
        );
        assert_eq!(said(AwsKind::Sts, &denial), (403, xml, sts));
        let (status, content_type, body) = said(AwsKind::DynamoDb, &denial);
        assert_eq!((status, content_type), (403, json));
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let message = "policy does not permit this call (denied_by_policy)";
        assert_eq!(body, serde_json::json!({ "__type": "AccessDeniedException", "message": message }));
    }

    #[test]
    fn sdks_find_the_code_that_they_act_on() {
        for (denial, status, expected) in [
            (Denial::AwsSignature(Refusal::Skewed), 403, "RequestTimeTooSkewed"),
            (Denial::AwsSignature(Refusal::Presigned), 403, "SignatureDoesNotMatch"),
            (Denial::Egress(egress::EgressError::ChunkUnsigned), 403, "SignatureDoesNotMatch"),
            (Denial::SessionEnded, 401, "InvalidToken"),
            (Denial::AwsField, 400, "InvalidRequest"),
            (Denial::TooLarge, 413, "InvalidRequest"),
            (Denial::BodyUnread, 408, "RequestTimeout"),
            (Denial::Overloaded, 503, "ServiceUnavailable"),
            (Denial::CredentialRefused, 502, "InternalError"),
        ] {
            for kind in [AwsKind::S3, AwsKind::DynamoDb, AwsKind::Sts] {
                assert_eq!((denial.told().status.as_u16(), code(kind, &denial)), (status, expected), "{denial:?}");
            }
        }
    }

    #[test]
    fn a_link_does_not_end_the_text() {
        let url = Some("https://claviger.example/connect/a?b=<c>&d".to_owned());
        let (_, _, body) = said(AwsKind::S3, &Denial::ConnectionRequired { url });
        assert!(
            body.contains(": https://claviger.example/connect/a?b=&lt;c&gt;&amp;d (connection_required)</Message>")
        );
    }
}
