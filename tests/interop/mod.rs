//! Software that others wrote, against ours and first of all against itself.

mod fixture_baseline;
mod peers;
