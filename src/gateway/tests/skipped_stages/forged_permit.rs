use gateway::evidence::Permit;

fn forge(other: Permit, rule: model::RuleId) -> Permit {
    Permit { rule, ..other }
}

fn main() {}
