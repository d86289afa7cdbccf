//! OpenBao and PostgreSQL, and what stands there because of the broker.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{openbao::OpenBao, postgres::Postgres, readers};

/// A session's token that is in no journal yet lives this long.
const UNKNOWN_SECONDS: u64 = 30;

/// The servers.
pub(super) struct Scene {
    pub(super) bao: OpenBao,
    postgres: Postgres,
    /// Accessors of tokens that are no session's, so that they are looked up once.
    others: HashSet<String>,
    /// Users that OpenBao has made and holds no lease of: where its caller is gone before the lease is there, OpenBao gives the lease
    /// up, and the user stays until its time is over. Nobody can end them through OpenBao.
    lost: HashSet<String>,
}

/// What stands at OpenBao and PostgreSQL.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) leases: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) children: Vec<Child>,
    /// The broker has logged in since the last look.
    pub(super) is_logged_in: bool,
}

/// The token of a session.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) session: String,
    seconds: u64,
    is_orphan: bool,
}

impl Child {
    /// It lives longer than one that nobody knows.
    pub(super) fn is_extended(&self) -> bool {
        self.seconds > UNKNOWN_SECONDS
    }
}

impl Scene {
    pub(super) fn start() -> Self {
        let (bao, postgres) = (OpenBao::start(&[]), Postgres::start());
        readers::mint(&bao, &postgres);
        Self { bao, postgres, others: HashSet::new(), lost: HashSet::new() }
    }

    pub(super) fn look(&mut self) -> Standing {
        let (leases, users) = (readers::leases(&self.bao), self.users());
        let before = self.others.len();
        let children = self.children();
        Standing { leases, users, children, is_logged_in: self.others.len() > before }
    }

    pub(super) fn has_leases(&self) -> bool {
        !readers::leases(&self.bao).is_empty()
    }

    /// Where no lease is left, counts the users that are there as lost, from now on.
    pub(super) fn set_lost_aside(&mut self) -> usize {
        if self.has_leases() {
            return 0;
        }
        let lost = self.users();
        let count = lost.len();
        self.lost.extend(lost);
        count
    }

    fn users(&self) -> Vec<String> {
        let users = readers::users(&self.postgres).into_iter();
        users.filter(|user| !self.lost.contains(user)).collect()
    }

    fn children(&mut self) -> Vec<Child> {
        let accessors = self.bao.done("LIST", "auth/token/accessors", &Value::Null);
        let accessors = accessors["data"]["keys"].as_array().expect("the root token has one").clone();
        let mut children = Vec::new();
        for accessor in accessors {
            let accessor = accessor.as_str().expect("a text");
            if self.others.contains(accessor) {
                continue;
            }
            // Between the list and the look it may end.
            let (status, answer) = self.bao.ask("POST", "auth/token/lookup-accessor", &json!({ "accessor": accessor }));
            let token = &answer["data"];
            if let (200, Some(session)) = (status, token["meta"]["session"].as_str()) {
                let (seconds, is_orphan) = (token["ttl"].as_u64().unwrap_or(u64::MAX), token["orphan"] == true);
                children.push(Child { session: session.to_owned(), seconds, is_orphan });
            } else if status == 200 {
                self.others.insert(accessor.to_owned());
            }
        }
        children
    }
}

impl Standing {
    /// What is there and must not be, after the broker has ended what it knows: anything but tokens that end within half a minute
    /// and hold nothing.
    pub(super) fn faults(&self) -> Vec<String> {
        let leases = self.leases.iter().map(|lease| format!("the lease {lease}"));
        let users = self.users.iter().map(|user| format!("the user {user}"));
        let lasting = self.children.iter().filter(|child| child.is_extended() || !child.is_orphan);
        leases.chain(users).chain(lasting.map(|child| format!("{child:?}"))).collect()
    }
}
