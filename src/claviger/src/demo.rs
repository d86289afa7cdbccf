//! `claviger demo`: the whole story on this machine, step by step, with every claim checked before it is made.

mod agent;
mod billing;
mod folder;
mod identity_provider;
mod inbox;
mod keys;
mod playground;
mod scene;
mod story;
mod terminal;
mod workshop;

use std::path::Path;

use self::{folder::Folder, scene::Scene, terminal::Terminal};
use crate::{
    command::serve,
    logging,
    output::{Failure, hint},
};

/// Lines of the broker's log that are shown when the story does not come out as told.
const LOG_LINES_SHOWN: usize = 12;

/// Tells the story; then, unless it is told `once`, stays up to be played with. A failure where any step did not come out as told.
pub(crate) fn run(once: bool) -> Result<(), Failure> {
    // Declared first, so that it is removed last: when nothing writes to it any more.
    let folder = Folder::make()?;
    logging::start_in(folder.create("broker.log")?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("no threads can be started: {error}")))?;
    let done = runtime.block_on(perform(&folder, once));
    if done.is_err() {
        show_log(folder.path());
    }
    done
}

async fn perform(folder: &Folder, once: bool) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    let told = async {
        let scene = Scene::set(folder).await?;
        story::tell(&scene, &mut terminal).await?;
        Ok(scene)
    };
    let scene = tokio::select! {
        scene = Box::pin(told) => scene?,
        () = serve::told_to_stop() => return Err(Failure::new("interrupted before the story was told")),
    };
    if !once {
        playground::show(&scene, &mut terminal).await?;
        serve::told_to_stop().await;
    }
    scene.broker.until(std::future::ready(()), std::future::pending()).await
}

fn show_log(folder: &Path) {
    let log = std::fs::read_to_string(folder.join("broker.log")).unwrap_or_default();
    let first = log.lines().count().saturating_sub(LOG_LINES_SHOWN);
    hint("the last lines of the broker's log:");
    log.lines().skip(first).for_each(hint);
}
