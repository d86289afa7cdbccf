//! A keep-alive connection of the load generator: one request out, one whole answer in, nothing more than that.

use std::{fs, io, net::SocketAddr, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{Failure, Proxy};

/// Larger than the largest answer, so that reading it takes few calls of the kernel.
const BUFFER_BYTES: usize = 256 * 1024;

/// Anything that carries bytes both ways.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<W: AsyncRead + AsyncWrite + Unpin> Wire for W {}

/// One connection and what was read from it.
pub(crate) struct Connection {
    wire: Box<dyn Wire>,
    buffer: Vec<u8>,
}

/// Where the answer stands in the buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body_at: usize,
    pub(crate) end: usize,
}

/// What the `Host` field and the certificate name.
pub(crate) fn host(proxy: &Proxy) -> String {
    match proxy.certificate {
        Some(_) => format!("localhost:{}", proxy.address.port()),
        None => proxy.address.to_string(),
    }
}

impl Connection {
    pub(crate) async fn open(proxy: &Proxy) -> Result<Self, Failure> {
        let wire = wire(proxy.address, proxy.certificate.as_deref()).await;
        let wire = wire.map_err(|error| Failure::of("cannot connect", error))?;
        Ok(Self { wire, buffer: vec![0; BUFFER_BYTES] })
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Answered, Failure> {
        let broken = |error| Failure::of("a connection broke", error);
        self.wire.write_all(request).await.map_err(broken)?;
        self.wire.flush().await.map_err(broken)?;
        let mut filled = 0;
        loop {
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = self.wire.read(free).await.map_err(broken)?;
            if read == 0 {
                return Err(Failure::of("a connection broke", "no whole answer"));
            }
            filled += read;
            if let Some(answered) = whole(self.buffer.get(..filled).unwrap_or_default()) {
                return Ok(answered);
            }
        }
    }

    /// The text of an answer's body, as it came.
    pub(crate) fn body(&self, answered: Answered) -> String {
        String::from_utf8_lossy(self.buffer.get(answered.body_at..answered.end).unwrap_or_default()).into_owned()
    }
}

/// The answer, once all of it is there. Chunks are not decoded: only the last one is looked for.
pub(crate) fn whole(bytes: &[u8]) -> Option<Answered> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = bytes.get(..head_end)?;
    let body_at = head_end + 4;
    let status = std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()?;
    let mut length = None;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(b"content-length") {
            length = std::str::from_utf8(value.get(1..)?).ok()?.trim().parse::<usize>().ok();
        }
    }
    let end = match length {
        Some(length) => body_at + length,
        None if bytes.ends_with(b"0\r\n\r\n") && bytes.len() > body_at => bytes.len(),
        None => return None,
    };
    (bytes.len() >= end).then_some(Answered { status, body_at, end })
}

async fn wire(address: SocketAddr, certificate: Option<&Path>) -> io::Result<Box<dyn Wire>> {
    #[expect(clippy::disallowed_methods, reason = "a load generator opens connections, and ships with nothing")]
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let Some(certificate) = certificate else { return Ok(Box::new(stream)) };
    let mut anchors = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(&fs::read(certificate)?).map_err(io::Error::other)?;
    anchors.add(certificate).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.map_err(io::Error::other)?.with_root_certificates(anchors).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    Ok(Box::new(tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}
