//! Recognizes RSA keys of a generator whose primes can be found from the modulus (CVE-2017-15361).
//!
//! That generator makes only primes that are powers of 65537 modulo a product of small primes. So the modulus is one too, modulo
//! each of them; a modulus of another generator is that modulo all of them about once in two hundred million keys.

/// The odd primes up to 167, whose product the smallest keys of that generator use a part of.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether the modulus, in big-endian bytes, has the mark of that generator.
pub(crate) fn is_marked(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| {
        let residue = modulus.iter().fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime);
        is_power_of_65537(residue, prime)
    })
}

/// Walks the powers of 65537 modulo `prime`; the walk is back at 1 after fewer than `prime` steps.
fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        power = power * (65537 % prime) % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_65537_are_marked_and_neighbors_are_not() {
        let power = u128::from(65537_u32).pow(7);
        assert!(is_marked(&power.to_be_bytes()));
        assert!(!is_marked(&(power + 2).to_be_bytes()));
    }
}
