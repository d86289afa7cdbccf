use egress::ForwardTicket;
use gateway::evidence::Recorded;

fn forge(other: Recorded, ticket: ForwardTicket) -> Recorded {
    Recorded { ticket, ..other }
}

fn main() {}
