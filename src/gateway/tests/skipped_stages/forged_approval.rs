use gateway::evidence::Approved;

fn forge(other: Approved, rule: model::RuleId) -> Approved {
    Approved { rule, ..other }
}

fn main() {}
