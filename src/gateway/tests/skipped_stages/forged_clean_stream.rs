use gateway::evidence::Clean;

fn forge(foreign: egress::UpstreamBody) -> Clean {
    Clean::derived(foreign)
}

fn main() {}
