use gateway::evidence::{Approved, Authenticated, Clean, InSession, Permit, Recorded};

fn needs<T: Default>() {}

fn main() {
    needs::<Authenticated>();
    needs::<InSession>();
    needs::<Permit>();
    needs::<Approved>();
    needs::<Recorded>();
    needs::<egress::ForwardTicket>();
    needs::<Clean>();
}
