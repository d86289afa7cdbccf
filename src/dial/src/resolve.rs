//! A name becomes addresses once, and every one of them passes the guard before any is dialed.

use std::net::{IpAddr, SocketAddr};

use model::AddressClass;

use crate::{DialError, permits};

/// Addresses looked at in one answer; a name with more is not one that we call.
const ADDRESS_COUNT_MAX: usize = 64;

/// The addresses of `host`, all of them allowed for `class`. The caller bounds the time.
///
/// # Errors
/// The name has no address, or any of its addresses is outside the class.
pub(crate) async fn resolve(host: &str, port: u16, class: AddressClass) -> Result<Vec<SocketAddr>, DialError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return checked([SocketAddr::new(address, port)], class);
    }
    let found = tokio::net::lookup_host((host, port)).await.map_err(|error| DialError::Unresolvable(Some(error)))?;
    checked(found, class)
}

/// One bad address spoils them all: an answer that mixes a public and a private address is how a name is rebound.
fn checked(found: impl IntoIterator<Item = SocketAddr>, class: AddressClass) -> Result<Vec<SocketAddr>, DialError> {
    let found: Vec<_> = found.into_iter().take(ADDRESS_COUNT_MAX + 1).collect();
    if found.is_empty() {
        return Err(DialError::Unresolvable(None));
    }
    if found.len() > ADDRESS_COUNT_MAX || !found.iter().all(|address| permits(class, address.ip())) {
        return Err(DialError::AddressRefused);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 443)).collect()
    }

    #[test]
    fn one_bad_address_among_good_ones_refuses_the_name() {
        let good = ["1.1.1.1", "2606:4700:4700::1111", "8.8.8.8"];
        assert_eq!(checked(answer(&good), AddressClass::Public).unwrap(), answer(&good));
        for bad in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1"] {
            for at in 0..=good.len() {
                let mut addresses = good.to_vec();
                addresses.insert(at, bad);
                let refused = checked(answer(&addresses), AddressClass::Public);
                assert!(matches!(refused, Err(DialError::AddressRefused)), "{bad} at {at}");
            }
        }
    }

    #[test]
    fn a_name_without_addresses_or_with_too_many_is_refused() {
        assert!(matches!(checked([], AddressClass::Public), Err(DialError::Unresolvable(None))));
        let many = answer(&["1.1.1.1"; ADDRESS_COUNT_MAX + 1]);
        assert!(matches!(checked(many, AddressClass::Public), Err(DialError::AddressRefused)));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_no_public_name() {
        assert!(matches!(resolve("localhost", 1, AddressClass::Public).await, Err(DialError::AddressRefused)));
        assert!(resolve("localhost", 1, AddressClass::Loopback).await.is_ok());
    }
}
