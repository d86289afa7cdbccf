use gateway::mask::DerivedBody;

struct Foreign(egress::UpstreamBody);

impl DerivedBody for Foreign {}

fn main() {}
