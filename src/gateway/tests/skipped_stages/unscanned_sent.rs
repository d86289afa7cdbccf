use egress::Unscanned;
use gateway::evidence::Clean;
use http::Response;

fn send(_answer: Response<Clean>) {}

fn skip(answer: Response<Unscanned>) {
    send(answer);
}

fn main() {}
