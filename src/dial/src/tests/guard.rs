//! No spelling of an address reaches what the class does not allow.

use std::time::Duration;

use model::{AddressClass, Destination};

use crate::{
    DialError, DialOptions, Dialer, Target, Timeouts,
    testing::{self, Then},
};

fn target(url: &str, class: AddressClass) -> Option<Target> {
    let destination = url.parse::<Destination>().ok()?;
    let timeouts = Timeouts { connect: Duration::from_secs(2), ..Timeouts::default() };
    Some(Target { destination, class, anchors: None, timeouts })
}

/// Hosts as an attacker writes them; every one stands for an address that no public destination has.
const SPELLINGS: [&str; 72] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F.0X0.0X0.0X1",
    "0177.0.0.1",
    "017700000001",
    "0177.0.0.01",
    "00000177.1",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "10.0.0.1",
    "167772161",
    "0xa000001",
    "012.0.0.1",
    "10.1",
    "172.16.0.1",
    "2886729729",
    "0xac.16.1",
    "192.168.0.1",
    "3232235521",
    "0xc0a80001",
    "0300.0250.0.1",
    "192.168.1",
    "100.64.0.1",
    "1681915905",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "169.254.170.2",
    "100.100.100.200",
    "1684300744",
    "168.63.129.16",
    "2822734096",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "4294967295",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b::a00:1]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:4136:e378:8000:63bf:5601:5601]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[ff02::1]",
];

/// Spellings that are no host at all.
const MALFORMED: [&str; 8] = [
    "[fe80::1%25eth0]",
    "[::1%lo]",
    "127.0.0.0x100",
    "256.0.0.1",
    "4294967296",
    "127.0.0.1%00.example.com",
    "[::ffff:127.0.0.1",
    "1.2.3.4.5",
];

#[tokio::test]
async fn no_spelling_of_a_special_address_is_dialed_for_a_public_destination() {
    let dialer = Dialer::new(DialOptions::default());
    for host in SPELLINGS {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:9/");
            let target = target(&url, AddressClass::Public).unwrap_or_else(|| panic!("{url} is no destination"));
            let refused = dialer.connect(&target).await.unwrap_err();
            assert!(matches!(refused, DialError::AddressRefused), "{url}: {refused:?}");
        }
    }
}

#[test]
fn what_is_no_host_is_no_destination() {
    for host in MALFORMED {
        assert!(target(&format!("http://{host}:9/"), AddressClass::Public).is_none(), "{host}");
    }
}

#[tokio::test]
async fn a_private_destination_reaches_neither_this_machine_nor_a_metadata_service() {
    let dialer = Dialer::new(DialOptions::default());
    for host in
        ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "[fe80::1]"]
    {
        let target = target(&format!("http://{host}:9/"), AddressClass::Private).unwrap();
        assert!(matches!(dialer.connect(&target).await, Err(DialError::AddressRefused)), "{host}");
    }
}

#[tokio::test]
async fn the_same_server_is_reached_where_the_class_is_loopback() {
    let (port, seen) = testing::serve(None, |_| (Vec::new(), Then::Close)).await;
    let dialer = Dialer::new(DialOptions::default());
    let url = format!("http://127.0.0.1:{port}/");
    for class in [AddressClass::Public, AddressClass::Private] {
        assert!(matches!(dialer.connect(&target(&url, class).unwrap()).await, Err(DialError::AddressRefused)));
    }
    let connection = dialer.connect(&target(&url, AddressClass::Loopback).unwrap()).await.unwrap();
    assert_eq!(connection.peer().to_string(), format!("127.0.0.1:{port}"));
    // The refused attempts came first and left no trace.
    testing::until(|| seen.connections() == 1).await;
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_unreachable() {
    let port = testing::closed_port().await;
    let target = target(&format!("http://127.0.0.1:{port}/"), AddressClass::Loopback).unwrap();
    let refused = Dialer::new(DialOptions::default()).connect(&target).await.unwrap_err();
    assert!(matches!(refused, DialError::Unreachable(_)), "{refused:?}");
    assert_eq!(refused.to_string(), "the destination does not accept connections");
}
