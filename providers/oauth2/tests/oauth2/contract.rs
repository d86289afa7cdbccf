//! The contract that all providers keep.

use model::{Clock as _, SystemClock};
use provider::conformance::{
    Case, Life, check,
    parts::{others, secret},
};
use provider_oauth2::{Endpoints, Flow, Settings};
use url::Url;

use crate::scene::{Scene, Shelf, binding, grant};

#[tokio::test]
async fn it_keeps_the_contract() {
    let scene = Scene::new().await;
    let shelf = Shelf::with(&scene.server.refresh_token().await);
    for flow in [Flow::ClientCredentials, Flow::RefreshToken(shelf)] {
        scene.judge(scene.settings(), flow).await;
    }
}

#[tokio::test]
async fn it_keeps_the_contract_where_a_server_ends_no_tokens() {
    let scene = Scene::new().await;
    let token = Url::parse(&format!("{}/token", scene.server.issuer)).unwrap();
    let settings = Settings { endpoints: Endpoints::Fixed { token, revocation: None }, ..scene.settings() };
    scene.judge(settings, Flow::ClientCredentials).await;
}

impl Scene {
    async fn judge(&self, settings: Settings, flow: Flow) {
        let good = binding();
        let case = Case {
            caller: &self.caller,
            good: &good,
            bad: &others(&good),
            life: Life::Minted,
            now: SystemClock.now(),
            canaries: &[secret(&self.secret)],
        };
        check(&self.provider_of(settings, grant(flow)), &case).await.unwrap();
    }
}
