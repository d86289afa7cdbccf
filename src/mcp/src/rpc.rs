//! JSON-RPC 2.0 messages: requests, notifications and responses, each in exactly one shape.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use crate::{
    fault::{Fault, Rejected},
    json::{Json, Limits, Number, Object, write_string},
};

/// A UUID takes 36 bytes, a trace id 32.
pub(crate) const ID_LENGTH_MAX: usize = 256;
/// The longest method of the protocol has 40 bytes.
const METHOD_LENGTH_MAX: usize = 128;

/// The id of a request, or a progress token: a string or an integer, in the spelling of whoever chose it. Two ids are equal
/// where they are the same string or the same number; `1` and `"1"` differ, `1` and `1.0` do not.
#[derive(Clone)]
pub struct Id(Spelling);

#[derive(Clone)]
enum Spelling {
    Text(String),
    Number(Number),
}

impl Id {
    /// Reads an id; `None` for `null`, fractions, other types, and what is too long.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::String(text) if text.len() <= ID_LENGTH_MAX => Some(Self(Spelling::Text(text.clone()))),
            Json::Number(number) if number.is_integer() => Some(Self(Spelling::Number(number.clone()))),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// Reads an id from its JSON text.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Self::from_json(&Json::parse(bytes, &Limits::MESSAGE).ok()?)
    }

    /// Appends the id, in its spelling.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Spelling::Text(text) => write_string(text, out),
            Spelling::Number(number) => out.extend_from_slice(number.as_str().as_bytes()),
        }
    }

    /// The id as JSON, in its spelling.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.0 {
            Spelling::Text(text) => Json::String(text.clone()),
            Spelling::Number(number) => Json::Number(number.clone()),
        }
    }
}

impl From<u64> for Id {
    fn from(value: u64) -> Self {
        Self(Spelling::Number(value.into()))
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Spelling::Text(one), Spelling::Text(other)) => one == other,
            (Spelling::Number(one), Spelling::Number(other)) => one.is_same_value(other),
            (Spelling::Text(_), Spelling::Number(_)) | (Spelling::Number(_), Spelling::Text(_)) => false,
        }
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Spelling::Text(text) => text.hash(state),
            Spelling::Number(number) => number.as_i64().hash(state),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Spelling::Text(_) => "string id",
            Spelling::Number(_) => "number id",
        })
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Wants an answer.
    Request(Request),
    /// Wants none.
    Notification(Notification),
    /// Is one.
    Response(Response),
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    id: Id,
    method: String,
    params: Option<Object>,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    method: String,
    params: Option<Object>,
}

/// A response. Only an error may lack the id: the other side could not read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    id: Option<Id>,
    outcome: Outcome,
}

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It worked.
    Result(Object),
    /// It did not: an object with `code` and `message`.
    Error(Object),
}

impl Message {
    /// Reads one message from a body.
    ///
    /// # Errors
    /// Where the body is not strict JSON, or not exactly one message; with the id where it could be read.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Rejected> {
        Self::from_json(Json::parse(bytes, limits).map_err(Fault::from)?)
    }

    /// Reads one message from a tree.
    ///
    /// # Errors
    /// Where the value is not exactly one message.
    pub fn from_json(json: Json) -> Result<Self, Rejected> {
        let object = match json {
            Json::Object(object) => object,
            Json::Array(_) => return Err(Fault::Batch.into()),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return Err(Fault::NotAnObject.into()),
        };
        let id = object.member("id").and_then(Id::from_json);
        Self::from_object(object, id.clone()).map_err(|fault| Rejected::new(fault, id))
    }

    /// The method, where it has one.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Request(request) => Some(&request.method),
            Self::Notification(notification) => Some(&notification.method),
            Self::Response(_) => None,
        }
    }

    /// The parameters, where it has some.
    #[must_use]
    pub fn params(&self) -> Option<&Object> {
        match self {
            Self::Request(request) => request.params.as_ref(),
            Self::Notification(notification) => notification.params.as_ref(),
            Self::Response(_) => None,
        }
    }

    /// The message in compact form.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => request.to_vec(),
            Self::Notification(notification) => notification.to_vec(),
            Self::Response(response) => response.to_vec(),
        }
    }

    fn from_object(object: Object, id: Option<Id>) -> Result<Self, Fault> {
        let [mut method, mut params, mut result, mut error] = [const { None }; 4];
        let [mut version_fits, mut has_id, mut id_is_null] = [false; 3];
        for (key, value) in object.into_members() {
            match key.as_str() {
                "jsonrpc" => version_fits = value.as_str() == Some("2.0"),
                "id" => [has_id, id_is_null] = [true, value.is_null()],
                "method" => method = Some(value),
                "params" => params = Some(value),
                "result" => result = Some(value),
                "error" => error = Some(value),
                _ => return Err(Fault::UnknownMember),
            }
        }
        if !version_fits {
            return Err(Fault::JsonRpcVersion);
        }
        match (method, result, error) {
            (Some(method), None, None) => {
                let Json::String(method) = method else { return Err(Fault::Method) };
                if method.is_empty() || method.len() > METHOD_LENGTH_MAX {
                    return Err(Fault::Method);
                }
                let params = match params {
                    None => None,
                    Some(Json::Object(params)) => Some(params),
                    Some(_) => return Err(Fault::Params),
                };
                match (has_id, id) {
                    (true, Some(id)) => Ok(Self::Request(Request { id, method, params })),
                    (true, None) => Err(Fault::Id),
                    (false, _) => Ok(Self::Notification(Notification { method, params })),
                }
            }
            (None, Some(_), None) | (None, None, Some(_)) if params.is_some() => Err(Fault::Shape),
            (None, Some(Json::Object(result)), None) => {
                let id = Some(id.ok_or(Fault::Id)?);
                Ok(Self::Response(Response { id, outcome: Outcome::Result(result) }))
            }
            (None, Some(_), None) => Err(Fault::Result),
            (None, None, Some(_)) if has_id && id.is_none() && !id_is_null => Err(Fault::Id),
            (None, None, Some(Json::Object(error))) if is_error(&error) => {
                Ok(Self::Response(Response { id, outcome: Outcome::Error(error) }))
            }
            (None, None, Some(_)) => Err(Fault::Error),
            _ => Err(Fault::Shape),
        }
    }
}

fn is_error(error: &Object) -> bool {
    error.member("code").and_then(Json::as_i64).is_some() && error.member("message").and_then(Json::as_str).is_some()
}

impl Request {
    /// A request of ours.
    #[must_use]
    pub fn new(id: Id, method: &str, params: Option<Object>) -> Self {
        Self { id, method: method.to_owned(), params }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> Option<&Object> {
        self.params.as_ref()
    }

    /// Its parameters, to change them; created where there were none.
    pub fn params_mut(&mut self) -> &mut Object {
        self.params.get_or_insert_default()
    }

    /// The same request under another id.
    #[must_use]
    pub fn with_id(self, id: Id) -> Self {
        Self { id, ..self }
    }

    /// The request in compact form.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        write(Some(&self.id), &self.method, self.params.as_ref())
    }
}

impl Notification {
    /// A notification of ours.
    #[must_use]
    pub fn new(method: &str, params: Option<Object>) -> Self {
        Self { method: method.to_owned(), params }
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> Option<&Object> {
        self.params.as_ref()
    }

    /// Its parameters, to change them; created where there were none.
    pub fn params_mut(&mut self) -> &mut Object {
        self.params.get_or_insert_default()
    }

    /// The notification in compact form.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        write(None, &self.method, self.params.as_ref())
    }
}

impl Response {
    /// A response.
    #[must_use]
    pub fn new(id: Option<Id>, outcome: Outcome) -> Self {
        Self { id, outcome }
    }

    /// The id of the request that it answers.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    /// What it says.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What it says, to change it.
    pub fn outcome_mut(&mut self) -> &mut Outcome {
        &mut self.outcome
    }

    /// What it says, owned.
    #[must_use]
    pub fn into_outcome(self) -> Outcome {
        self.outcome
    }

    /// The same response under another id.
    #[must_use]
    pub fn with_id(self, id: Id) -> Self {
        Self { id: Some(id), ..self }
    }

    /// The response in compact form.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = br#"{"jsonrpc":"2.0""#.to_vec();
        if let Some(id) = &self.id {
            out.extend_from_slice(br#","id":"#);
            id.write_to(&mut out);
        }
        let (name, value): (&[u8], _) = match &self.outcome {
            Outcome::Result(result) => (br#","result":"#, result),
            Outcome::Error(error) => (br#","error":"#, error),
        };
        out.extend_from_slice(name);
        value.write_to(&mut out);
        out.push(b'}');
        out
    }
}

fn write(id: Option<&Id>, method: &str, params: Option<&Object>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512); // most requests fit
    out.extend_from_slice(br#"{"jsonrpc":"2.0""#);
    if let Some(id) = id {
        out.extend_from_slice(br#","id":"#);
        id.write_to(&mut out);
    }
    out.extend_from_slice(br#","method":"#);
    write_string(method, &mut out);
    if let Some(params) = params {
        out.extend_from_slice(br#","params":"#);
        params.write_to(&mut out);
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests;
