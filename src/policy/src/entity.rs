//! Our nouns as Cedar entities: an agent in its groups, a thing in its upstream, an action in its group.

use std::sync::LazyLock;

use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid};
use model::Agent;

use crate::{Action, Target, question::Kind};

/// An entity and all that it lies in.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) uid: EntityUid,
    pub(crate) parents: Vec<EntityUid>,
}

impl Placed {
    pub(crate) fn agent(agent: &Agent) -> Self {
        let parents = agent.groups.iter().map(|group| uid(&TYPES.group, group.as_str())).collect();
        Self { uid: uid(&TYPES.agent, agent.name.as_str()), parents }
    }

    pub(crate) fn action(action: Action) -> Self {
        let parents = vec![uid(&TYPES.action, action.group().as_str())];
        Self { uid: uid(&TYPES.action, action.as_str()), parents }
    }

    pub(crate) fn target(target: &Target<'_>) -> Self {
        let upstream = target.upstream().as_str();
        let parent = uid(&TYPES.upstream, upstream);
        let of = match target.kind() {
            Kind::Upstream => return Self { uid: parent, parents: Vec::new() },
            Kind::Tool => &TYPES.tool,
            Kind::Resource => &TYPES.resource,
            Kind::Prompt => &TYPES.prompt,
            Kind::Operation => &TYPES.operation,
        };
        // The name of an upstream holds no slash, so the first one divides.
        Self { uid: uid(of, &format!("{upstream}/{}", target.name())), parents: vec![parent] }
    }

    fn to_entity(&self) -> Entity {
        Entity::new_no_attrs(self.uid.clone(), self.parents.iter().cloned().collect())
    }
}

/// The entities of one question; `None` is never seen, since three entities of different types cannot clash.
pub(crate) fn entities(all: [&Placed; 3]) -> Option<Entities> {
    Entities::from_entities(all.map(Placed::to_entity), None).ok()
}

struct Types {
    agent: EntityTypeName,
    group: EntityTypeName,
    action: EntityTypeName,
    upstream: EntityTypeName,
    tool: EntityTypeName,
    resource: EntityTypeName,
    prompt: EntityTypeName,
    operation: EntityTypeName,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| {
    let name = |text: &str| text.parse().expect("the words below are identifiers of Cedar");
    Types {
        agent: name("Agent"),
        group: name("Group"),
        action: name("Action"),
        upstream: name(Kind::Upstream.as_str()),
        tool: name(Kind::Tool.as_str()),
        resource: name(Kind::Resource.as_str()),
        prompt: name(Kind::Prompt.as_str()),
        operation: name(Kind::Operation.as_str()),
    }
});

fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}
