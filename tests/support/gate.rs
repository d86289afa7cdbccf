//! A way to a server that can be barred: connections stay, and nothing passes any more, as when the server hangs.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A running gate, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Gate {
    url: String,
    bars: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Gate {
    /// Stands in front of `http://host:port`, open.
    #[expect(clippy::disallowed_methods, reason = "what is accepted ends with the test's runtime")]
    pub(crate) async fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let target = target.trim_start_matches("http://").to_owned();
        let (bars, barred) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, target.clone(), barred.clone()));
            }
        });
        Self { url, bars, accepting }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Lets nothing pass from now on, or again.
    pub(crate) fn bar(&self, is_barred: bool) {
        self.bars.send_replace(is_barred);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One connection. What was on its way when the gate was barred is lost, and the connection is of no more use.
#[expect(clippy::disallowed_methods, reason = "it stands in front of a server of the test's own")]
async fn carry(mut client: TcpStream, target: String, mut barred: watch::Receiver<bool>) {
    let mut closing = barred.clone();
    let passed = async {
        if barred.wait_for(|barred| !barred).await.is_err() {
            return;
        }
        let Ok(mut server) = TcpStream::connect(&target).await else { return };
        let _ended_or_cut = copy_bidirectional(&mut client, &mut server).await;
    };
    tokio::select! {
        () = passed => return,
        _barred = closing.wait_for(|barred| *barred) => {}
    }
    // Held open, silent, until the gate opens again.
    let _opened_or_gone = closing.wait_for(|barred| !barred).await;
}
