use egress::Unscanned;
use gateway::evidence::Clean;

fn skip(answer: Unscanned) -> Clean {
    answer.into()
}

fn main() {}
