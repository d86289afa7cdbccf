use gateway::evidence::Inspected;

fn forge<Asked>(asked: Asked) -> Inspected {
    Inspected(asked)
}

fn main() {}
