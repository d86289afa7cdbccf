use egress::ForwardTicket;

fn redirect(mut ticket: ForwardTicket, path: egress::ForwardPath) {
    ticket.0.path = path;
}

fn main() {}
