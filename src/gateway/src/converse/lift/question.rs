//! What an upstream asks back before it can answer: the `input_required` result, and what the caller says to it.

use mcp::{Id, Json, Limits, Message, Object, Outcome, Request, ServerMethod, meta::ClientMeta};

/// Questions in one round; a form has one, an agent asks for a few samples.
const QUESTIONS_MAX: usize = 32;

/// What must be known before the request is sent again.
#[derive(Debug)]
pub(super) struct InputRequired {
    pub(super) questions: Vec<Question>,
    /// The upstream's own; it goes back as it came.
    state: Option<String>,
}

/// One thing that the caller is asked.
#[derive(Debug)]
pub(super) struct Question {
    key: String,
    method: ServerMethod,
    params: Option<Object>,
}

/// Why an `input_required` result is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAQuestion {
    #[error("the result asks for input and is malformed")]
    Shape,
    #[error("the result asks for more at once than is passed on")]
    TooMany,
}

impl InputRequired {
    /// Reads a response whose result type is `input_required`.
    pub(super) fn read(message: &[u8]) -> Result<Self, NotAQuestion> {
        let Ok(Message::Response(response)) = Message::parse(message, &Limits::MESSAGE) else {
            return Err(NotAQuestion::Shape);
        };
        let Outcome::Result(mut result) = response.into_outcome() else { return Err(NotAQuestion::Shape) };
        let state = match result.remove("requestState") {
            None => None,
            Some(Json::String(state)) => Some(state),
            Some(_) => return Err(NotAQuestion::Shape),
        };
        let questions = match result.remove("inputRequests") {
            None if state.is_some() => Vec::new(),
            Some(Json::Object(requests)) if requests.len() > QUESTIONS_MAX => return Err(NotAQuestion::TooMany),
            Some(Json::Object(requests)) => {
                requests.into_members().map(|(key, request)| Question::read(key, request)).collect::<Result<_, _>>()?
            }
            None | Some(_) => return Err(NotAQuestion::Shape),
        };
        Ok(Self { questions, state })
    }

    /// The first capability that the caller would need and did not declare.
    pub(super) fn undeclared(&self, client: &ClientMeta) -> Option<&'static str> {
        let needs = self.questions.iter().map(Question::needs);
        needs.filter(|(path, _)| !client.declares(path)).map(|(_, name)| name).next()
    }

    /// The request as it is sent again, with what the caller said to each question.
    pub(super) fn answer(&self, request: &mut Request, answers: Object) {
        let params = request.params_mut();
        forget_rounds(params);
        if !self.questions.is_empty() {
            params.set("inputResponses", answers);
        }
        if let Some(state) = &self.state {
            params.set("requestState", state.as_str());
        }
    }
}

impl Question {
    /// The member under which the upstream wants the answer.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The request to the caller. Where the older era wants an id beyond that of the request, `elicitation_id` is it.
    pub(super) fn request(&self, id: Id, elicitation_id: &str) -> Request {
        let mut params = self.params.clone();
        if self.is_url()
            && let Some(params) = &mut params
        {
            params.set("elicitationId", elicitation_id);
        }
        Request::new(id, self.method.as_str(), params)
    }

    fn read(key: String, request: Json) -> Result<Self, NotAQuestion> {
        let Json::Object(mut request) = request else { return Err(NotAQuestion::Shape) };
        let method = request.member("method").and_then(Json::as_str).and_then(ServerMethod::parse);
        let method = method.filter(|method| *method != ServerMethod::Ping).ok_or(NotAQuestion::Shape)?;
        let params = match request.remove("params") {
            None => None,
            Some(Json::Object(params)) => Some(params),
            Some(_) => return Err(NotAQuestion::Shape),
        };
        Ok(Self { key, method, params })
    }

    fn needs(&self) -> (&'static [&'static str], &'static str) {
        match self.method {
            ServerMethod::Elicit if self.is_url() => (&["elicitation", "url"], "elicitation.url"),
            ServerMethod::Elicit => (&["elicitation", "form"], "elicitation.form"),
            ServerMethod::CreateMessage => (&["sampling"], "sampling"),
            ServerMethod::RootsList => (&["roots"], "roots"),
            ServerMethod::Ping => (&[], ""),
        }
    }

    fn is_url(&self) -> bool {
        let mode = self.params.as_ref().and_then(|params| params.member("mode")).and_then(Json::as_str);
        self.method == ServerMethod::Elicit && mode == Some("url")
    }
}

/// Takes out what only a request of a later round has. A caller of the older era has no rounds, so what stands there is not
/// the upstream's.
pub(super) fn forget_rounds(params: &mut Object) {
    for member in ["inputResponses", "requestState"] {
        params.remove(member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(result: &str) -> Result<InputRequired, NotAQuestion> {
        InputRequired::read(format!(r#"{{"jsonrpc":"2.0","id":7,"result":{result}}}"#).as_bytes())
    }

    fn client(capabilities: &str) -> ClientMeta {
        let capabilities = Json::parse(capabilities.as_bytes(), &Limits::MESSAGE).unwrap();
        ClientMeta::new(capabilities.as_object().unwrap().clone(), None, None)
    }

    const TWO: &str = r#"{"resultType":"input_required","requestState":"opaque \"é\" {}","inputRequests":{
        "who":{"method":"elicitation/create","params":{"mode":"form","message":"m"}},
        "where":{"method":"roots/list"}}}"#;

    #[test]
    fn a_question_becomes_a_request_of_the_older_era() {
        let asked = read(TWO).unwrap();
        let texts: Vec<String> = asked
            .questions
            .iter()
            .zip([11_u64, 12])
            .map(|(question, id)| String::from_utf8(question.request(id.into(), "e").to_vec()).unwrap())
            .collect();
        assert_eq!(
            texts,
            [
                r#"{"jsonrpc":"2.0","id":11,"method":"elicitation/create","params":{"mode":"form","message":"m"}}"#,
                r#"{"jsonrpc":"2.0","id":12,"method":"roots/list"}"#,
            ]
        );
        let url = read(
            r#"{"inputRequests":{"u":{"method":"elicitation/create","params":{"mode":"url","url":"https://x","message":"m"}}}}"#,
        )
        .unwrap();
        let request = url.questions[0].request(1.into(), "e-1");
        assert_eq!(request.params().unwrap().member("elicitationId").unwrap().as_str(), Some("e-1"));
    }

    #[test]
    fn the_request_goes_again_with_the_answers_and_the_state_as_it_came() {
        let asked = read(TWO).unwrap();
        let params = Object::new().with("name", "t").with("requestState", "the caller's own");
        let mut request = Request::new(1.into(), "tools/call", Some(params));
        asked.answer(&mut request, Object::new().with("who", Object::new().with("action", "decline")));
        assert_eq!(
            String::from_utf8(request.to_vec()).unwrap(),
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","inputResponses":{"who":{"action":"decline"}},"requestState":"opaque \"é\" {}"}}"#
        );
        read(r#"{"inputRequests":{}}"#).unwrap().answer(&mut request, Object::new());
        assert_eq!(request.params().unwrap().len(), 1);
        read(r#"{"requestState":"only"}"#).unwrap().answer(&mut request, Object::new());
        assert_eq!(request.params().unwrap().len(), 2);
    }

    #[test]
    fn nobody_is_asked_what_it_did_not_declare() {
        let asked = read(TWO).unwrap();
        assert_eq!(asked.undeclared(&client(r#"{"elicitation":{},"roots":{}}"#)), None);
        assert_eq!(asked.undeclared(&client(r#"{"elicitation":{}}"#)), Some("roots"));
        assert_eq!(asked.undeclared(&client(r#"{"elicitation":{"url":{}},"roots":{}}"#)), Some("elicitation.form"));
    }

    #[test]
    fn what_is_no_question_is_refused() {
        let many: Vec<String> = (0..33).map(|n| format!(r#""{n}":{{"method":"roots/list"}}"#)).collect();
        assert_eq!(read(&format!(r#"{{"inputRequests":{{{}}}}}"#, many.join(","))).unwrap_err(), NotAQuestion::TooMany);
        for bad in [
            "{}",
            r#"{"requestState":7}"#,
            r#"{"inputRequests":[]}"#,
            r#"{"inputRequests":{"a":7}}"#,
            r#"{"inputRequests":{"a":{"method":"tools/call"}}}"#,
            r#"{"inputRequests":{"a":{"method":"ping"}}}"#,
            r#"{"inputRequests":{"a":{"method":"roots/list","params":[]}}}"#,
        ] {
            assert_eq!(read(bad).unwrap_err(), NotAQuestion::Shape, "{bad}");
        }
        assert!(InputRequired::read(br#"{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":""}}"#).is_err());
    }
}
