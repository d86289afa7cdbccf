use gateway::evidence::Recorded;

fn take(recorded: Recorded) -> egress::ForwardTicket {
    recorded.into_parts().0
}

fn main() {}
