//! `examples/per-user-oauth`: each user's own account, connected in a browser by way of the link that the agent shows.

use std::fs;

use serde_json::{Value, json};

use super::folder::Example;
use crate::support::{
    database,
    peers::{self, Python, or_skip},
    people::{Browser, People},
    process::Process,
};

/// The identity provider of users and agents, and the CRM with its authorization server.
struct Scene {
    people: People,
    accounts: People,
    _crm: Process,
    example: Example,
}

impl Scene {
    async fn start(python: &Python, node: &peers::Node) -> Self {
        let (people, accounts) = (People::start(node).await, People::start(node).await);
        let stdin = format!("{}\n", accounts.issuer());
        let (crm, url) = Process::start("crm", python.script("crm.py"), &stdin, database::endpoint).await;
        let example = Example::copy("per-user-oauth");
        let home = example.broker.public_url();
        let login = people.begin("claviger", &format!("{home}/connect/login/idp"), None).await;
        let place = format!("{home}/connect/account/crm-login");
        let account = accounts.begin("claviger", &place, Some((&url, "contacts.read"))).await;
        fs::write(example.path("sign-in-secret"), login).expect("a test's folder");
        fs::write(example.path("crm-secret"), account).expect("a test's folder");
        fs::write(example.path("idp-token"), people.subject_token("assistant", home).await).expect("a test's folder");
        let example = example
            .outside("https://idp.example", people.issuer())
            .outside("https://login.crm.example", accounts.issuer())
            .outside("https://mcp.crm.example/mcp", &url)
            .with_programs(python.folder());
        Self { people, accounts, _crm: crm, example }
    }

    /// Starts the agent for a user, as the README says. It comes to its end, or to the link that it shows.
    async fn agent(&mut self, user: &str) -> (Process, Option<String>) {
        let home = self.example.broker.public_url().to_owned();
        let token = self.people.subject_token_with(user, &home, json!({ "employee": true })).await;
        fs::write(self.example.path("user-token"), token).expect("a test's folder");
        let link = format!("{home}/connect/");
        let comes = |line: &str| {
            let is_link = line.starts_with(&link);
            (is_link || line.starts_with("a contact of")).then(|| is_link.then(|| line.trim().to_owned()))
        };
        Process::start("agent", self.example.commands("4. The agent"), "", comes).await
    }

    /// The same where a link is shown, which the user follows to an account of the CRM. What the agent prints.
    async fn connect(&mut self, user: &str, account: &str) -> String {
        let (mut agent, link) = self.agent(user).await;
        let home = self.example.broker.public_url();
        let link = link.unwrap_or_else(|| panic!("{user} has an account: {}", agent.printed()));
        let page = Browser::default().connect(&link, home, user, account).await;
        let text = String::from_utf8_lossy(&page.body);
        assert!(page.status == 200 && text.contains("go back to your agent"), "{page:?}");
        // Who is there presses return; a script's input ends.
        agent.close_stdin();
        assert!(agent.ended().await.success(), "{}", agent.printed());
        agent.printed()
    }
}

#[tokio::test]
async fn each_user_connects_an_account_once_and_the_assistant_uses_it() {
    let (node, python) = (or_skip!(peers::node()), or_skip!(peers::python()));
    let mut scene = Scene::start(&python, &node).await;
    scene.example.serve("3. Claviger.").await;

    assert!(scene.connect("alice", "alice-at-crm").await.ends_with("a contact of alice-at-crm\n"));
    let (agent, link) = scene.agent("alice").await;
    assert!(link.is_none(), "alice is asked once: {}", agent.printed());
    assert!(scene.connect("bob", "bob-at-crm").await.ends_with("a contact of bob-at-crm\n"));
    let (agent, _) = scene.agent("alice").await;
    assert!(agent.printed().ends_with("a contact of alice-at-crm\n"), "{}", agent.printed());

    let connected = scene.example.broker.records_of("connection");
    let who: Vec<_> = connected.iter().map(|entry| (&entry["agent"], &entry["subject"]["sub"])).collect();
    let assistant = Value::from("assistant");
    assert_eq!(who, [(&assistant, &"alice".into()), (&assistant, &"bob".into())]);

    scene.accounts.end().await;
    let (agent, link) = scene.agent("alice").await;
    assert!(link.is_some(), "a consent that was taken back is asked for again: {}", agent.printed());
    assert!(scene.people.watch_issued().await + scene.accounts.watch_issued().await > 0);
    scene.example.finish().await;
}
