use gateway::{
    Gateway,
    evidence::{InSession, Leg},
};

async fn forward(gateway: &Gateway, session: &InSession, leg: Leg) {
    let _ = gateway.forward(session, leg).await;
}

fn main() {}
