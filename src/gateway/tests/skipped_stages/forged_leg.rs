use gateway::evidence::Leg;

fn change(mut judged: Leg, path: egress::ForwardPath) -> Leg {
    judged.path = path;
    judged
}

fn main() {}
