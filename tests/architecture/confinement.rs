//! What may be done in a few files only: secrets opened, sockets opened, evidence made.

use super::{
    holds,
    sources::{self, Source},
};

/// Words that may stand in some files of the product only, and why each of them.
struct Confined {
    what: &'static str,
    /// What to do instead.
    instead: &'static str,
    words: &'static [&'static str],
    files: &'static [(&'static str, &'static str)],
}

const CONFINED: &[Confined] = &[
    Confined {
        what: "opening a secret",
        instead: "pass the secret on closed, to a file that is listed here with the reason why it must be read",
        words: &[".expose(", "::expose("],
        files: &[
            ("src/secret/src/", "seals, stretches and fingerprints"),
            (
                "src/provider/src/conformance.rs",
                "the suite compares what a provider gives; no product crate turns it on",
            ),
            (
                "src/provider/src/conformance/",
                "what its tests are made of is compared and kept; no product crate turns it on",
            ),
            ("src/vault/src/source.rs", "a passphrase has a least length"),
            ("src/vault/src/vault.rs", "seals what it is given"),
            ("providers/oauth2/src/form.rs", "writes secrets and tokens into the form of a request"),
            ("providers/oauth2/src/client.rs", "writes the client's secret into its header field"),
            (
                "providers/oauth2/src/connection.rs",
                "packs the tokens of an account for the vault, and reads them again",
            ),
            ("providers/oauth2/src/authorization_code.rs", "digests a code verifier for the challenge"),
            ("providers/github-app/src/api.rs", "shows GitHub the proof of the App, and the token to end"),
            ("providers/gcp/src/google.rs", "writes tokens into forms, and shows one that impersonates"),
            ("providers/gcp/src/key.rs", "reads the JSON that a stored key is"),
            ("src/claviger/src/broker/sources/refresh_tokens.rs", "copies a rotated refresh token for the vault"),
            ("src/egress/src/inject.rs", "writes the credential into its slot"),
            ("src/egress/src/present.rs", "writes into a request what its handles and pseudonyms stand for"),
            ("src/egress/src/certified.rs", "gives TLS the key of a client certificate"),
            ("providers/vault/src/client.rs", "puts the token into the header of a call of Vault"),
            ("providers/vault/src/login.rs", "shows Vault what Claviger logs in with"),
            ("src/sigv4/src/key.rs", "begins the chain of keys that ends in a signature"),
            (
                "src/sigv4/src/stand_in.rs",
                "derives the keys that stand in for real ones, and writes the one that an SDK asks for",
            ),
            ("src/sigv4/src/sign.rs", "writes the session token beside the signature"),
            ("providers/aws-sts/src/client.rs", "shows STS the identity token"),
            ("src/token/src/keyring.rs", "signs with the broker's own private keys"),
            ("src/claviger/src/connections/login.rs", "verifies an ID token"),
            ("src/claviger/src/broker/keys.rs", "packs the broker's own keys for the vault"),
            ("src/claviger/src/command/token.rs", "sends the person's own token that was typed in"),
        ],
    },
    Confined {
        what: "reading below the one door of a secret",
        instead: "call `expose` of `secret`, in a file that may",
        words: &["expose_secret", "ExposeSecret", "secrecy"],
        files: &[("src/secret/src/", "owns the door")],
    },
    Confined {
        what: "opening an outbound socket",
        instead: "go through `dial`: it judges the resolved address, verifies the name and has the timeouts",
        words: &["TcpStream::connect", "TcpSocket", "UnixStream", "UdpSocket", "lookup_host", "to_socket_addrs"],
        files: &[
            ("src/dial/src/dialer.rs", "connects to an address that was judged"),
            ("src/dial/src/resolve.rs", "resolves a name, so that its addresses can be judged"),
        ],
    },
    Confined {
        what: "a client that brings sockets of its own",
        instead: "take the shape of a request from the library, and send it through `dial`",
        words: &["reqwest", "VaultClient", "rustify::clients"],
        files: &[],
    },
    Confined {
        what: "listening",
        instead: "bind through `claviger/listener.rs`, which limits, protects and drains",
        words: &["TcpListener::bind", "UnixListener", "UnixDatagram"],
        files: &[("src/claviger/src/listener.rs", "the one kind of listener")],
    },
    Confined {
        what: "making a forward ticket",
        instead: "take it from `Recorded`: nothing is sent that is not recorded",
        words: &["ForwardTicket::new"],
        files: &[("src/gateway/src/record.rs", "holds the receipt of the intent")],
    },
    Confined {
        what: "handling an answer that was not scanned",
        instead: "take `Response<Clean>` from the mask stage",
        words: &["Unscanned", "UnscannedParts", "UpstreamBody"],
        files: &[
            ("src/egress/src/", "makes it, closed"),
            ("src/gateway/src/mask.rs", "opens it, to scan it"),
            ("src/gateway/src/mask/stream.rs", "reads its body piece by piece, to scan it"),
        ],
    },
    Confined {
        what: "asking egress to carry a call",
        instead: "call `Gateway::forward`, which records before and masks after",
        words: &["egress.carry"],
        files: &[("src/gateway/src/carry.rs", "between the intent and the mask")],
    },
    Confined {
        what: "calling a body clean",
        instead: "answer through a stage of `gateway`",
        words: &["Clean::ours", "Clean::derived"],
        files: &[("src/gateway/src/", "words of its own, and what it derives from clean bodies")],
    },
];

#[test]
fn secrets_sockets_and_evidence_stay_where_they_belong() {
    let sources = sources::product();
    for confined in CONFINED {
        let rule = format!("{} stands in a file that may not do so: {}", confined.what, confined.instead);
        holds(&rule, &confined.elsewhere(&sources));
    }
}

#[test]
fn a_permission_that_nobody_uses_is_taken_away() {
    let sources = sources::product();
    for confined in CONFINED {
        for (file, why) in confined.files {
            let used =
                sources.iter().any(|source| source.path.starts_with(file) && !source.uses(confined.words).is_empty());
            assert!(used, "{file} ({why}) no longer needs to be listed for {}", confined.what);
        }
    }
}

#[test]
fn each_word_is_found_in_another_file() {
    for confined in CONFINED {
        for word in confined.words {
            let offender =
                Source::new("src/policy/src/lib.rs", &format!("let made = x{word}y;\nlet made = {word}(y);\n"));
            assert!(!confined.elsewhere(&[offender]).is_empty(), "{word}");
        }
    }
}

#[test]
fn a_ticket_of_a_test_is_no_offence() {
    let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n    ForwardTicket::new(parts)\n}\n";
    for confined in CONFINED {
        assert_eq!(confined.elsewhere(&[Source::new("src/egress/src/path.rs", text)]), Vec::<String>::new());
    }
}

impl Confined {
    fn elsewhere(&self, sources: &[Source]) -> Vec<String> {
        let others = sources.iter().filter(|source| !self.files.iter().any(|(file, _)| source.path.starts_with(file)));
        others.flat_map(|source| source.uses(self.words)).collect()
    }
}
