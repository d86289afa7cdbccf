//! JSON objects as a test writes and reads them.

use mcp::{Json, Limits, Object};

pub(crate) fn object(text: &str) -> Object {
    Json::parse(text.as_bytes(), &Limits::MESSAGE).unwrap().as_object().unwrap().clone()
}

pub(crate) fn text(object: &Object) -> String {
    String::from_utf8(object.to_vec()).unwrap()
}
