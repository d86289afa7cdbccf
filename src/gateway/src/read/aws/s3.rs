//! Which operation of S3 a request is: by its method, by how deep its path goes, and by what its query asks for.

use http::Method;

/// Parameters that change nothing about which operation it is.
const DETAILS: [&str; 13] = [
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "marker",
    "max-keys",
    "max-uploads",
    "prefix",
    "start-after",
    "upload-id-marker",
    "versionId",
    "x-id",
];
/// No request of S3 has as many parameters.
const PARAMETERS_MAX: usize = 32;

/// How deep a path goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Service,
    Bucket,
    Object,
}

/// The operation, by AWS's own name for it. What is not here is refused, so that a parameter that nobody thought of cannot turn
/// a read into something else.
pub(super) fn operation(method: &Method, path: &str, query: &str, is_copy: bool) -> Option<&'static str> {
    let mut marks = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()).take(PARAMETERS_MAX + 1) {
        let name = parameter.split('=').next().unwrap_or_default();
        if !DETAILS.contains(&name) {
            marks.push(name);
        }
    }
    marks.sort_unstable();
    let operation = match (method.as_str(), level(path), marks.as_slice()) {
        ("GET", Level::Service, []) => "ListBuckets",
        ("GET", Level::Bucket, []) => "ListObjects",
        ("GET", Level::Bucket, ["list-type"]) => "ListObjectsV2",
        ("GET", Level::Bucket, ["location"]) => "GetBucketLocation",
        ("GET", Level::Bucket, ["uploads"]) => "ListMultipartUploads",
        ("HEAD", Level::Bucket, []) => "HeadBucket",
        ("POST", Level::Bucket, ["delete"]) => "DeleteObjects",
        ("GET", Level::Object, []) => "GetObject",
        ("GET", Level::Object, ["uploadId"]) => "ListParts",
        ("HEAD", Level::Object, []) => "HeadObject",
        ("PUT", Level::Object, []) if is_copy => "CopyObject",
        ("PUT", Level::Object, []) => "PutObject",
        ("PUT", Level::Object, ["partNumber", "uploadId"]) if is_copy => "UploadPartCopy",
        ("PUT", Level::Object, ["partNumber", "uploadId"]) => "UploadPart",
        ("POST", Level::Object, ["uploads"]) => "CreateMultipartUpload",
        ("POST", Level::Object, ["uploadId"]) => "CompleteMultipartUpload",
        ("DELETE", Level::Object, []) => "DeleteObject",
        ("DELETE", Level::Object, ["uploadId"]) => "AbortMultipartUpload",
        _ => return None,
    };
    let copies = ["CopyObject", "UploadPartCopy"].contains(&operation);
    (is_copy == copies).then_some(operation)
}

fn level(path: &str) -> Level {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.split_once('/') {
        None if path.is_empty() => Level::Service,
        None | Some((_, "")) => Level::Bucket,
        Some(_) => Level::Object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_the_operation_that_its_sdk_call_means() {
        for (method, target, expected) in [
            ("GET", "/", "ListBuckets"),
            ("GET", "/?x-id=ListBuckets", "ListBuckets"),
            ("GET", "/reports?list-type=2&prefix=a%2F&delimiter=%2F&encoding-type=url", "ListObjectsV2"),
            ("GET", "/reports/?prefix=a", "ListObjects"),
            ("GET", "/reports?location", "GetBucketLocation"),
            ("HEAD", "/reports", "HeadBucket"),
            ("POST", "/reports?delete", "DeleteObjects"),
            ("GET", "/reports/a/b.txt", "GetObject"),
            ("GET", "/reports/a?versionId=1", "GetObject"),
            ("HEAD", "/reports/a", "HeadObject"),
            ("PUT", "/reports/a", "PutObject"),
            ("PUT", "/reports/a?partNumber=1&uploadId=u", "UploadPart"),
            ("POST", "/reports/a?uploads", "CreateMultipartUpload"),
            ("POST", "/reports/a?uploads=", "CreateMultipartUpload"),
            ("POST", "/reports/a?uploadId=u", "CompleteMultipartUpload"),
            ("GET", "/reports/a?uploadId=u", "ListParts"),
            ("DELETE", "/reports/a?uploadId=u", "AbortMultipartUpload"),
            ("DELETE", "/reports/a", "DeleteObject"),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(operation(&method.parse().unwrap(), path, query, false), Some(expected), "{method} {target}");
        }
        assert_eq!(operation(&Method::PUT, "/reports/a", "", true), Some("CopyObject"));
        assert_eq!(operation(&Method::PUT, "/reports/a", "partNumber=1&uploadId=u", true), Some("UploadPartCopy"));
    }

    #[test]
    fn what_nobody_thought_of_is_refused() {
        for (method, target) in [
            ("PUT", "/reports"),
            ("DELETE", "/reports"),
            ("PUT", "/"),
            ("GET", "/reports/a?acl"),
            ("PUT", "/reports/a?acl"),
            ("PUT", "/reports?policy"),
            ("GET", "/reports/a?tagging"),
            ("GET", "/reports/a?response-content-type=text%2Fhtml"),
            ("GET", "/reports?list-type=2&policy"),
            ("GET", "/reports?location&location"),
            ("GET", "/reports/a?partNumber=1"),
            ("POST", "/reports/a?select&select-type=2"),
            ("OPTIONS", "/reports/a"),
        ] {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            assert_eq!(operation(&method.parse().unwrap(), path, query, false), None, "{method} {target}");
        }
        assert_eq!(operation(&Method::GET, "/reports/a", "", true), None, "a copy that is none");
        let many = "prefix=a&".repeat(PARAMETERS_MAX) + "policy";
        assert_eq!(operation(&Method::GET, "/reports", &many, false), None);
    }
}
