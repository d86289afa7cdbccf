use egress::Unscanned;

fn needs<T: http_body::Body>() {}

fn main() {
    needs::<Unscanned>();
}
