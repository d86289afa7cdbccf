//! A slice of what `cargo xtask fuzz` runs for long: the inputs that fuzzers begin with, and a few hundred that are damaged at random.

use leaks::{property::Property, random::Random};

/// How often an input is damaged. Fuzzers do so millions of times.
const DAMAGED: usize = 3;
const SEED: u64 = 47;

fn holds(name: &str) {
    let property = Property::named(name).expect("there is one of this name");
    let mut random = Random::new(SEED);
    let seeds = (property.seeds)(&mut random);
    assert!(seeds.len() > 10, "{} inputs", seeds.len());
    for seed in &seeds {
        (property.check)(seed);
        for _ in 0..DAMAGED {
            let other = &seeds[random.below(seeds.len())];
            (property.check)(&damaged(seed, other, &mut random));
        }
    }
}

/// An input with some bytes changed, a piece dropped, and a piece of another one put in.
fn damaged(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut input = input.to_vec();
    for _ in 0..random.below(4) {
        let place = random.below(input.len());
        if let Some(byte) = input.get_mut(place) {
            *byte = random.next() as u8;
        }
    }
    let piece = |random: &mut Random, length: usize| {
        let start = random.below(length);
        start..start + random.below((length - start).min(60))
    };
    if random.below(2) == 0 {
        input.drain(piece(random, input.len()));
    }
    if random.below(2) == 0 {
        let taken = other[piece(random, other.len())].to_vec();
        let place = random.below(input.len());
        input.splice(place..place, taken);
    }
    input
}

#[test]
fn a_compressed_body_decodes_to_the_same_however_it_is_cut() {
    holds("content_codings");
}

#[test]
fn an_event_stream_holds_the_same_however_it_is_cut() {
    holds("events");
}

#[test]
fn a_body_is_masked_to_the_same_however_it_is_cut() {
    holds("masker");
}

#[test]
fn strings_are_put_back_where_they_stood() {
    holds("strings");
}

#[test]
fn a_secret_that_is_seen_in_a_text_is_masked_as_it_streams() {
    holds("views");
}
