//! Which operation of a service a request is; it is the tool that scopes, policies and session policies name.

use http::{Method, request::Parts};
use model::ToolName;

use super::s3;
use crate::aws::AwsKind;

/// What stands before the operation in `x-amz-target`.
const DYNAMODB: &str = "DynamoDB_20120810.";

/// The operation, by AWS's own name for it. `None` where the request is none that is known.
pub(super) fn find(kind: AwsKind, parts: &Parts, path: &egress::ForwardPath, body: Option<&[u8]>) -> Option<ToolName> {
    let name = match kind {
        AwsKind::S3 => {
            let is_copy = parts.headers.contains_key("x-amz-copy-source");
            s3::operation(&parts.method, path.path(), path.query().unwrap_or_default(), is_copy)?
        }
        AwsKind::DynamoDb => {
            let is_endpoint = is_endpoint(parts, path);
            let mut targets = parts.headers.get_all("x-amz-target").iter();
            let target = targets.next().filter(|_| is_endpoint)?.to_str().ok()?;
            target.strip_prefix(DYNAMODB).filter(|_| targets.next().is_none())?
        }
        AwsKind::Sts => {
            let form = str::from_utf8(body.filter(|_| is_endpoint(parts, path))?).ok()?;
            let mut actions = form.split('&').filter_map(|field| field.strip_prefix("Action="));
            // What else STS does gives out keys.
            actions.next().filter(|action| *action == "GetCallerIdentity" && actions.next().is_none())?
        }
    };
    name.parse().ok()
}

/// Services that are spoken to at one address.
fn is_endpoint(parts: &Parts, path: &egress::ForwardPath) -> bool {
    parts.method == Method::POST && matches!(path.as_str(), "" | "/")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn found(kind: AwsKind, target: &str, body: &str) -> Option<String> {
        let request = Request::post("/").header("x-amz-target", target).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        find(kind, &parts, &"/".parse().unwrap(), Some(body.as_bytes())).map(|tool| tool.to_string())
    }

    #[test]
    fn an_operation_of_dynamodb_is_its_target() {
        assert_eq!(found(AwsKind::DynamoDb, "DynamoDB_20120810.GetItem", "{}").as_deref(), Some("GetItem"));
        for target in
            ["GetItem", "DynamoDBStreams_20120810.GetRecords", "DynamoDB_20120810.", "DynamoDB_20120810.Get Item"]
        {
            assert_eq!(found(AwsKind::DynamoDb, target, "{}"), None, "{target}");
        }
    }

    #[test]
    fn sts_tells_who_is_there_and_gives_nothing() {
        let who = "Action=GetCallerIdentity&Version=2011-06-15";
        assert_eq!(found(AwsKind::Sts, "", who).as_deref(), Some("GetCallerIdentity"));
        for form in ["", "Action=AssumeRole", "Action=GetCallerIdentity&Action=AssumeRole", "Version=2011-06-15"] {
            assert_eq!(found(AwsKind::Sts, "", form), None, "{form}");
        }
    }
}
