use egress::{Egress, ForwardTicket};

async fn send(egress: &dyn Egress, ticket: ForwardTicket) {
    let _ = egress.carry(ticket).await;
    let _ = egress.carry(ticket).await;
}

fn main() {}
