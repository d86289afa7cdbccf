use egress::{Unscanned, UpstreamBody};

fn read(answer: Unscanned) -> UpstreamBody {
    answer.0.body
}

fn main() {}
