//! What a stored credential is bound to; a change of any part makes its ciphertext unreadable.

use crate::{CredentialName, Destination, Injection, UpstreamName};

/// Everything that is fixed when a credential is stored: its name, whose it is, where it goes, and into which slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binding {
    /// The credential.
    pub credential: CredentialName,
    /// The upstream that it is for.
    pub upstream: UpstreamName,
    /// Where it may be sent.
    pub destination: Destination,
    /// The slot that it goes into.
    pub injection: Injection,
}

impl Binding {
    /// One byte string for one binding: every part with its length before it, so that no two bindings share one.
    /// It is the associated data under which the credential is sealed.
    #[must_use]
    pub fn to_associated_data(&self) -> Vec<u8> {
        let destination = self.destination.to_string();
        let (kind, first, second): (&str, &str, &str) = match &self.injection {
            Injection::Header { name, prefix } => ("header", name.as_str(), prefix),
            Injection::Basic { username } => ("basic", username, ""),
            Injection::BasicPair => ("basic-pair", "", ""),
            Injection::ClientCertificate => ("client-certificate", "", ""),
            Injection::Query { parameter } => ("query", parameter, ""),
            Injection::Body { pointer } => ("body", pointer, ""),
            Injection::AwsSigV4 { service, region } => ("aws-sigv4", service, region),
        };
        let parts = [
            "claviger-binding-v1",
            self.credential.as_str(),
            self.upstream.as_str(),
            &destination,
            kind,
            first,
            second,
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(destination: &str, injection: Injection) -> Vec<u8> {
        let (credential, upstream) = ("key".parse().unwrap(), "api".parse().unwrap());
        Binding { credential, upstream, destination: destination.parse().unwrap(), injection }.to_associated_data()
    }

    #[test]
    fn every_part_changes_the_associated_data() {
        let header = |prefix: &str| Injection::Header { name: http::header::AUTHORIZATION, prefix: prefix.to_owned() };
        let all = [
            binding("https://a.example/v1", header("Bearer ")),
            binding("https://a.example/v2", header("Bearer ")),
            binding("https://a.example:444/v1", header("Bearer ")),
            binding("http://a.example/v1", header("Bearer ")),
            binding("https://a.example/v1", header("Token ")),
            binding("https://a.example/v1", Injection::Basic { username: "authorization".to_owned() }),
            binding("https://a.example/v1", Injection::Query { parameter: "authorization".to_owned() }),
            binding("https://a.example/v1", Injection::Body { pointer: "/authorization".to_owned() }),
            binding("https://a.example/v1", Injection::AwsSigV4 { service: "s3".to_owned(), region: "a".to_owned() }),
            binding("https://a.example/v1", Injection::AwsSigV4 { service: "s3".to_owned(), region: "b".to_owned() }),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|other| other != one));
        }
    }
}
