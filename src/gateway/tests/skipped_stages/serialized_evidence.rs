use gateway::evidence::{Approved, Permit, Recorded};

fn needs<T: serde::Serialize>() {}

fn main() {
    needs::<Permit>();
    needs::<Approved>();
    needs::<Recorded>();
    needs::<egress::ForwardTicket>();
}
