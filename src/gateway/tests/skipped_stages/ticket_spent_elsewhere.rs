use egress::ForwardTicket;

fn spend(ticket: ForwardTicket, now: model::Timestamp) {
    let _ = ticket.spend(now);
}

fn main() {}
