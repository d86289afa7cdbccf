//! A way to a server that can be barred, as when the server hangs, or shut, as when it is gone.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// How a gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// All passes.
    Open,
    /// Connections stay, and nothing passes any more.
    Barred,
    /// Connections end at once.
    Shut,
}

/// A running gate, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Gate {
    url: String,
    way: watch::Sender<Way>,
    accepting: JoinHandle<()>,
}

impl Gate {
    /// Stands in front of `http://host:port`, open.
    #[expect(clippy::disallowed_methods, reason = "what is accepted ends with the test's runtime")]
    pub(crate) async fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let target = target.trim_start_matches("http://").to_owned();
        let (way, now) = watch::channel(Way::Open);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, target.clone(), now.clone()));
            }
        });
        Self { url, way, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How it stands from now on.
    pub(crate) fn turn(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection. What was on its way when the gate was turned is lost, and the connection is of no more use.
#[expect(clippy::disallowed_methods, reason = "it stands in front of a server of the test's own")]
async fn carry(mut client: TcpStream, target: String, mut way: watch::Receiver<Way>) {
    let mut turned = way.clone();
    let passed = async {
        if way.wait_for(|way| *way == Way::Open).await.is_err() {
            return;
        }
        let Ok(mut server) = TcpStream::connect(&target).await else { return };
        let _ended_or_cut = copy_bidirectional(&mut client, &mut server).await;
    };
    tokio::select! {
        () = passed => return,
        _turned = turned.wait_for(|way| *way != Way::Open) => {}
    }
    // Where it is barred, held open, silent, until it stands otherwise.
    let _turned_or_gone = turned.wait_for(|way| *way != Way::Barred).await;
}
