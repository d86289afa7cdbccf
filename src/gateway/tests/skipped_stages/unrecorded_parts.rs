use egress::{Egress, TicketParts};

async fn send(egress: &dyn Egress, parts: TicketParts) {
    let _ = egress.carry(parts).await;
}

fn main() {}
