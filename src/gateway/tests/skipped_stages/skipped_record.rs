use egress::Egress;
use gateway::evidence::Approved;

async fn send(egress: &dyn Egress, approved: Approved) {
    let _ = egress.carry(approved).await;
}

fn main() {}
