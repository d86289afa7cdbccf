//! One rule: a Cedar policy with its id, its head, what it looks at, and what it obliges to.

use cedar_policy::{Effect, Policy};
use model::RuleId;
use serde_json::Value;

use crate::{
    Durability, Obligations,
    decision::is_reserved,
    head::{ActionHead, Head},
    looks::Looks,
};

/// How long the text for an approver may be, in characters: it stands in a dialog.
const APPROVAL_LENGTH_MAX: usize = 200;

/// A checked policy.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Its place among all rules.
    pub(crate) order: usize,
    pub(crate) id: RuleId,
    pub(crate) effect: Effect,
    pub(crate) principal: Head,
    pub(crate) action: ActionHead,
    pub(crate) resource: Head,
    /// Whether there is a `when` or `unless`; without one the head is the whole rule.
    pub(crate) conditional: bool,
    pub(crate) looks: Looks,
    pub(crate) obligations: Obligations,
    pub(crate) policy: Policy,
}

/// Why a policy is no rule of ours, and which piece of its text shows it.
#[derive(Debug)]
pub(crate) struct NotARule {
    pub(crate) what: String,
    pub(crate) at: String,
}

impl Rule {
    /// Reads a parsed policy; `default_id` is its id where it carries no `@id`.
    pub(crate) fn read(policy: &Policy, default_id: &str, order: usize) -> Result<Self, NotARule> {
        let effect = policy.effect();
        let mut obligations = Obligations::default();
        let mut id = default_id;
        for (key, value) in policy.annotations() {
            let refuse = |what: String| NotARule { what, at: format!("@{key}") };
            if effect == Effect::Forbid && matches!(key, "approval" | "durability") {
                return Err(refuse(format!("a forbid obliges to nothing; remove @{key}, or put it on a permit")));
            }
            match key {
                "id" => id = value,
                "description" => {}
                "approval" => obligations.approval = Some(approval(value).map_err(refuse)?.into()),
                "durability" => {
                    let level = Durability::from_word(value);
                    obligations.durability = Some(level.ok_or_else(|| {
                        refuse(format!("@durability is \"process\", \"power\" or \"witness\", not {value:?}"))
                    })?);
                }
                _ => {
                    return Err(refuse(format!(
                        "unknown annotation @{key}; known are @id, @description, @approval and @durability"
                    )));
                }
            }
        }
        let refuse = |what: String| NotARule { what, at: "@id".to_owned() };
        let id: RuleId = id.parse().map_err(|_| {
            refuse(format!("{id:?} is no id of a rule; write @id(\"…\") with 1 to 256 characters of visible ASCII"))
        })?;
        if is_reserved(&id) {
            return Err(refuse(format!("the id {:?} is Claviger's own; choose another", id.as_str())));
        }
        Ok(Self {
            order,
            effect,
            principal: policy.principal_constraint().into(),
            action: policy.action_constraint().into(),
            resource: policy.resource_constraint().into(),
            conditional: policy.has_non_scope_constraint(),
            looks: looks(policy)?,
            obligations,
            policy: policy.new_id(cedar_policy::PolicyId::new(id.as_str())),
            id,
        })
    }
}

fn approval(text: &str) -> Result<&str, String> {
    let fits =
        !text.trim().is_empty() && text.chars().count() <= APPROVAL_LENGTH_MAX && !text.contains(char::is_control);
    fits.then_some(text).ok_or_else(|| {
        format!("@approval tells the approver what is at stake, in one line of 1 to {APPROVAL_LENGTH_MAX} characters")
    })
}

fn looks(policy: &Policy) -> Result<Looks, NotARule> {
    let json = policy.to_json().map_err(|e| NotARule { what: e.to_string(), at: String::new() })?;
    Looks::of(json.get("conditions").unwrap_or(&Value::Null)).map_err(|unknown| NotARule {
        what: format!("`{}` does not exist; known here are {}", unknown.path, unknown.known.join(", ")),
        at: unknown.path,
    })
}
