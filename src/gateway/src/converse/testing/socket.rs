//! The socket of an upstream that a test plays.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, request::Parts};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc};

pub(crate) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// A stream of a test holds a handful of events.
const EVENTS_MAX: usize = 16;

/// Answers on a free port of loopback; a request without a message has the body `null`. Gives the port.
pub(crate) async fn serve<F, A>(answer: F) -> u16
where
    F: Fn(Parts, Value) -> A + Clone + Send + 'static,
    A: Future<Output = Answer> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    Ok::<_, hyper::Error>(answer(head, serde_json::from_slice(&body).unwrap_or_default()).await)
                }
            });
            spawn(async move {
                let _closed = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    port
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with the test's runtime")]
    tokio::spawn(task);
}

/// One JSON message.
pub(crate) fn whole(status: u16, message: &Value) -> Answer {
    let mut answer = Response::new(Full::from(message.to_string()).boxed());
    *answer.status_mut() = status.try_into().unwrap();
    answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
    answer
}

/// A stream of events, and who writes into it; it closes when the gateway lets go of it.
pub(crate) fn streamed() -> (Answer, mpsc::Sender<String>) {
    let (says, said) = mpsc::channel::<String>(EVENTS_MAX);
    let frames = stream::unfold(said, async |mut said| {
        let text = said.recv().await?;
        Some((Ok(Frame::data(Bytes::from(text))), said))
    });
    let mut answer = Response::new(StreamBody::new(Box::pin(frames)).boxed());
    answer.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    (answer, says)
}

pub(crate) fn event(message: &Value) -> String {
    format!("data: {message}\n\n")
}
