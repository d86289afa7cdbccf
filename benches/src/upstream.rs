//! An MCP server that answers every call with the same text and checks nothing.

use std::{convert::Infallible, sync::Arc};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{Failure, answers::Answer};

type Body = Either<
    Full<Bytes>,
    StreamBody<futures_util::stream::Iter<std::array::IntoIter<Result<Frame<Bytes>, Infallible>, 1>>>,
>;

/// The parts of the answers that are the same for every call.
struct Tails {
    small: Bytes,
    large: Bytes,
    events: Bytes,
}

pub(crate) async fn run() -> Result<(), Failure> {
    let failed = |error| Failure::of("the upstream cannot listen", error);
    let socket = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    println!("{}", socket.local_addr().map_err(failed)?);
    let tails = Tails { small: Answer::Small.tail(), large: Answer::Large.tail(), events: Answer::Events.tail() };
    let tails = Arc::new(tails);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = socket.accept().await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let tails = Arc::clone(&tails);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, &tails));
            // A connection that breaks is the other side's to report.
            let _served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, tails: &Tails) -> Result<Response<Body>, hyper::Error> {
    let Some(kind) = Answer::of_path(request.uri().path()) else {
        let mut response = Response::new(Either::Left(Full::default()));
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        return Ok(response);
    };
    let call = request.into_body().collect().await?.to_bytes();
    let tail = match kind {
        Answer::Small => &tails.small,
        Answer::Large => &tails.large,
        Answer::Events => &tails.events,
    };
    let id = id(&call);
    let mut body = BytesMut::with_capacity(kind.head().len() + id.len() + tail.len());
    body.put_slice(kind.head());
    body.put_slice(id);
    body.put_slice(tail);
    let body = body.freeze();
    let (content_type, body) = match kind {
        Answer::Small | Answer::Large => ("application/json", Either::Left(Full::new(body))),
        Answer::Events => {
            let frames = futures_util::stream::iter([Ok(Frame::data(body))]);
            ("text/event-stream", Either::Right(StreamBody::new(frames)))
        }
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

/// The number after `"id":`, as it stands there.
fn id(call: &[u8]) -> &[u8] {
    const NAME: &[u8] = b"\"id\":";
    let Some(at) = call.windows(NAME.len()).position(|window| window == NAME) else { return b"null" };
    let rest = call.get(at + NAME.len()..).unwrap_or_default();
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}
