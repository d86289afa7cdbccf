use gateway::evidence::Clean;

fn forge(foreign: Vec<u8>) -> Clean {
    Clean::ours(foreign)
}

fn main() {}
