//! IPv4 addresses that travel inside IPv6 ones, so that a guard judges where the packet really goes.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What an IPv6 address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Itself.
    Native,
    /// An IPv4 address in another spelling: `::ffff:0:0/96` (RFC 4291, section 2.5.5.2). The kernel dials the IPv4 address.
    Mapped(Ipv4Addr),
    /// Traffic that some relay or translator hands on to these IPv4 addresses.
    Translated([Ipv4Addr; 2]),
}

/// Reads the IPv4 addresses out of an IPv6 one.
pub(crate) fn meaning(address: Ipv6Addr) -> Meaning {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let low = ipv4(g, h);
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) => Meaning::Mapped(low),
        // NAT64's well-known prefix (RFC 6052, section 2.1).
        (0x64, 0xff9b, 0, 0, 0, 0) => Meaning::Translated([low; 2]),
        // 6to4 (RFC 3056, section 2): the site's address stands right behind the prefix.
        (0x2002, ..) => Meaning::Translated([ipv4(b, c); 2]),
        // Teredo (RFC 4380, section 4): the server in clear, the client with every bit turned over.
        (0x2001, 0, ..) => Meaning::Translated([ipv4(c, d), ipv4(!g, !h)]),
        // ISATAP (RFC 5214, section 6.1): the interface identifier holds the address.
        (_, _, _, _, 0 | 0x0200, 0x5efe) => Meaning::Translated([low; 2]),
        _ => Meaning::Native,
    }
}

fn ipv4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_carry_an_ipv4_address_is_decoded() {
        let metadata = Ipv4Addr::new(169, 254, 169, 254);
        for (text, expected) in [
            ("::ffff:169.254.169.254", Meaning::Mapped(metadata)),
            ("64:ff9b::169.254.169.254", Meaning::Translated([metadata; 2])),
            ("2002:a9fe:a9fe::1", Meaning::Translated([metadata; 2])),
            ("2001:0:4136:e378:8000:63bf:5601:5601", Meaning::Translated([Ipv4Addr::new(65, 54, 227, 120), metadata])),
            ("2a00:1450::5efe:a9fe:a9fe", Meaning::Translated([metadata; 2])),
            ("2a00:1450::200:5efe:a9fe:a9fe", Meaning::Translated([metadata; 2])),
            ("2a00:1450:4001:830::200e", Meaning::Native),
        ] {
            assert_eq!(meaning(text.parse().unwrap()), expected, "{text}");
        }
    }
}
