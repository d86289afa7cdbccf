//! The guard: which resolved addresses a class of destination may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::AddressClass;

use crate::embedded::{Meaning, meaning};

/// Whether a destination of `class` may be dialed at `address`.
///
/// * [`AddressClass::Public`]: unicast addresses of the public internet only.
/// * [`AddressClass::Private`]: these and private networks (RFC 1918, RFC 4193, RFC 6598); never link-local, loopback or a cloud's
///   metadata service.
/// * [`AddressClass::Loopback`]: `127.0.0.0/8` and `::1`, spelled as such.
#[must_use]
pub fn permits(class: AddressClass, address: IpAddr) -> bool {
    let reach = match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    };
    match class {
        AddressClass::Public => reach == Reach::Public,
        AddressClass::Private => matches!(reach, Reach::Public | Reach::Private),
        AddressClass::Loopback => reach == Reach::Loopback,
    }
}

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Public,
    Private,
    Loopback,
    /// Link-local, metadata, multicast, reserved, documentation: nothing to send a credential to.
    Never,
}

/// Metadata services that stand outside the link-local range. Each of them hands out a machine's own credentials.
const METADATA_V4: [Ipv4Addr; 2] = [
    Ipv4Addr::new(100, 100, 100, 200), // within shared address space
    Ipv4Addr::new(168, 63, 129, 16),   // within public address space
];

/// Prefixes of metadata services within unique local addresses: the first two or three groups.
const METADATA_V6: [[u16; 2]; 4] = [[0xfd00, 0xec2], [0xfd20, 0xce], [0xfd00, 0x42], [0xfd00, 0xc1]];

fn reach_v4(address: Ipv4Addr) -> Reach {
    if METADATA_V4.contains(&address) {
        return Reach::Never;
    }
    match address.octets() {
        [127, ..] => Reach::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Reach::Private,
        // "This network", link-local, protocol assignments, documentation, the 6to4 relays, benchmarks; then multicast,
        // reserved and broadcast.
        [0, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if address.is_loopback() {
        return Reach::Loopback;
    }
    match meaning(address) {
        // Loopback in this spelling is nothing that an operator writes, and something that an attacker does.
        Meaning::Mapped(inner) if reach_v4(inner) == Reach::Loopback => Reach::Never,
        Meaning::Mapped(inner) => reach_v4(inner),
        Meaning::Translated(inner) if inner.iter().any(|inner| reach_v4(*inner) != Reach::Public) => Reach::Never,
        // Teredo has been switched off everywhere; 6to4 and NAT64 may still carry a packet to a public address.
        Meaning::Translated(_) if address.segments().starts_with(&[0x2001, 0]) => Reach::Never,
        Meaning::Translated(_) => Reach::Public,
        Meaning::Native => reach_native_v6(address),
    }
}

fn reach_native_v6(address: Ipv6Addr) -> Reach {
    let [first, second, ..] = address.segments();
    match (first, second) {
        (0xfc00..=0xfdff, _) if METADATA_V6.contains(&[first, second]) => Reach::Never,
        (0xfc00..=0xfdff, _) => Reach::Private,
        // Protocol assignments (2001::/23) and documentation lie within global unicast.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => Reach::Never,
        (0x2000..=0x3fff, _) => Reach::Public,
        _ => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(address: &str) -> [bool; 3] {
        let address = address.parse().unwrap();
        [AddressClass::Public, AddressClass::Private, AddressClass::Loopback].map(|class| permits(class, address))
    }

    #[test]
    fn a_public_address_is_public_and_also_within_private() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.17",
            "2606:4700:4700::1111",
            "2a00:1450:4001:830::200e",
            "2001:4860:4860::8888",
            "2001:200::1",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(classes(address), [true, true, false], "{address}");
        }
    }

    #[test]
    fn a_private_address_is_within_private_only() {
        for address in [
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.0",
            "100.127.255.255",
            "fc00::1",
            "fdff:ffff::1",
            "::ffff:10.0.0.1",
        ] {
            assert_eq!(classes(address), [false, true, false], "{address}");
        }
    }

    #[test]
    fn loopback_is_loopback_only() {
        for address in ["127.0.0.1", "127.0.0.0", "127.255.255.255", "::1"] {
            assert_eq!(classes(address), [false, false, true], "{address}");
        }
    }

    #[test]
    fn nothing_reaches_the_rest() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::2",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::ffff:0:8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:5601:5601",
            "2001:0:4136:e378:8000:63bf:f7f7:f7f7",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "2002:a9fe:a9fe::1",
            "2a00:1450::5efe:10.0.0.1",
            "3fff::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "fd00:c1::a9fe:a9fe",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert_eq!(classes(address), [false, false, false], "{address}");
        }
    }
}
