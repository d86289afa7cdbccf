use egress::{ForwardTicket, TicketParts};

fn forge(parts: TicketParts) -> ForwardTicket {
    ForwardTicket(parts)
}

fn main() {}
