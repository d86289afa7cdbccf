use gateway::evidence::{Authenticated, Clean, InSession, Permit, Recorded};

fn needs<T: Clone>() {}

fn main() {
    needs::<Authenticated>();
    needs::<InSession>();
    needs::<Permit>();
    needs::<Recorded>();
    needs::<egress::ForwardTicket>();
    needs::<egress::Unscanned>();
    needs::<Clean>();
}
