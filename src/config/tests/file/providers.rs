//! `[[providers.…]]`, and the credentials that they mint.

use config::{
    AcceptRanges, AwsService, Issued, Source, UpstreamKind, gcp_provider, github_app_provider, oauth2_provider,
    vault_provider::{Grant, GrantKind},
};
use model::Injection;

use crate::support::{errors, load_text, with_parts};

const BAO: &str = r#"
[[providers.vault]]
name = "bao"
url = "https://bao.example:8200"
auth = { jwt = { role = "claviger", audience = "bao" } }
"#;

/// The credential of the upstream that stands last, from `bao`.
fn minted(grant: &str) -> String {
    let credential = "[upstreams.credential]\nname = \"orders\"\nprovider = \"bao\"\ninject = { basic = true }\n";
    with_parts(&format!("{credential}{grant}{BAO}"))
}

#[test]
fn a_credential_names_its_provider_and_what_is_minted_there() {
    let grant = "vault = { database = { role = \"readonly\" }, policies = [\"orders\"] }\n";
    let loaded = load_text(&minted(grant)).unwrap();
    let Source::Vault(bao) = &loaded.providers[0].source else { panic!("{:?}", loaded.providers) };
    assert_eq!((bao.url.to_string().as_str(), loaded.providers[0].binding()), ("https://bao.example:8200", None));
    let credential = loaded.upstreams[1].credential.as_ref().unwrap();
    assert_eq!(credential.injection, Injection::BasicPair);
    let kind = GrantKind::Database { mount: "database".to_owned(), role: "readonly".to_owned() };
    let grant = Grant { policies: vec!["orders".to_owned()], kind };
    assert_eq!(credential.issued, Issued::Vault { provider: "bao".parse().unwrap(), grant });
    assert!(!loaded.upstreams[1].is_stored());
}

#[test]
fn a_stored_secret_of_a_provider_is_bound_to_its_server() {
    let text = BAO.replace(
        "{ jwt = { role = \"claviger\", audience = \"bao\" } }",
        "{ approle = { role_id = \"r\", secret_id = \"bao-secret\" } }",
    );
    let loaded = load_text(&with_parts(&text)).unwrap();
    let binding = loaded.providers[0].binding().unwrap();
    assert_eq!((binding.credential.as_str(), binding.upstream.as_str()), ("bao-secret", "bao"));
    assert_eq!(binding.destination.to_string(), "https://bao.example:8200");
}

const STS: &str = r#"
[[providers.aws_sts]]
name = "aws"
region = "eu-central-1"
auth = { web_identity = {} }
"#;

/// The last upstream as S3, with keys of a role from `aws`.
fn bucket(grant: &str) -> String {
    let slot = "inject = { aws_signature = { service = \"s3\", region = \"eu-central-1\" } }";
    let upstream = format!(
        "[[upstreams]]\nname = \"s3\"\nkind = \"aws\"\nurl = \"https://s3.eu-central-1.amazonaws.com\"\n\
         [upstreams.credential]\nname = \"reports\"\nprovider = \"aws\"\n{slot}\n"
    );
    with_parts(&format!("{upstream}{grant}{STS}"))
}

const ROLE: &str = "aws_sts = { role = \"arn:aws:iam::123456789012:role/agent\", whole_role = true }\n";

#[test]
fn a_role_says_what_each_tool_needs_of_it() {
    let tools = "tools = { GetObject = [{ actions = [\"s3:GetObject\"], resources = [\"*\"] }] }";
    let loaded = load_text(&bucket(&ROLE.replace("whole_role = true", tools))).unwrap();
    let upstream = loaded.upstreams.last().unwrap();
    let UpstreamKind::Aws { service, accept_ranges } = upstream.kind else { panic!("{:?}", upstream.kind) };
    assert_eq!((service, accept_ranges), (AwsService::S3, AcceptRanges::None));
    assert!(upstream.resource.as_str().ends_with("/aws/s3"), "{}", upstream.resource);
    let Issued::AwsSts { provider, grant } = &upstream.credential.as_ref().unwrap().issued else { panic!() };
    let (tool, statements) = grant.tools.as_ref().unwrap().first_key_value().unwrap();
    assert_eq!((provider.as_str(), tool.as_str(), &*statements[0].actions[0]), ("aws", "GetObject", "s3:GetObject"));
    let whole = load_text(&bucket(ROLE)).unwrap();
    let Issued::AwsSts { grant, .. } = &whole.upstreams.last().unwrap().credential.as_ref().unwrap().issued else {
        panic!()
    };
    assert_eq!(grant.tools, None);
}

#[test]
fn parts_of_objects_may_be_asked_for_where_the_file_says_so() {
    let with =
        |ranges: &str| bucket(ROLE).replace("kind = \"aws\"\n", &format!("kind = \"aws\"\naccept_ranges = {ranges}\n"));
    for (ranges, expected) in [("\"mebibytes\"", AcceptRanges::Mebibytes), ("\"none\"", AcceptRanges::None)] {
        let loaded = load_text(&with(ranges)).unwrap();
        let UpstreamKind::Aws { accept_ranges, .. } = loaded.upstreams.last().unwrap().kind else { panic!() };
        assert_eq!(accept_ranges, expected);
    }
    let (bytes, table) =
        (errors(&with("\"bytes\"")), with("\"mebibytes\"").replace("\"s3\", region", "\"dynamodb\", region"));
    assert!(bytes.contains("accept_ranges = \"bytes\""), "{bytes}");
    assert!(errors(&table).contains("is not S3, and parts of its answers cannot be asked for"));
}

#[test]
fn what_does_not_fit_a_role_is_said() {
    for (text, said) in [
        (bucket(""), "what aws should mint is missing"),
        (bucket(&ROLE.replace(", whole_role = true", "")), "how far a session reaches"),
        (bucket(&ROLE.replace("whole_role = true", "whole_role = true, tools = {}")), "how far a session reaches"),
        (
            bucket(ROLE).replace("kind = \"aws\"", "kind = \"aws\"\nissued_tokens = \"capture\""),
            "a handle cannot stand in the signed requests to s3",
        ),
        (bucket(ROLE).replace("service = \"s3\"", "service = \"ec2\""), "which service of AWS s3 is"),
        (bucket(ROLE).replace("{ web_identity = {} }", "{ ambient = false }"), "in exactly one way"),
        (bucket(ROLE).replace("{ web_identity = {} }", "{ web_identity = {}, ambient = true }"), "in exactly one way"),
    ] {
        let errors = errors(&text);
        assert!(errors.contains(said), "{said}: {errors}");
    }
}

#[test]
fn what_does_not_fit_together_is_said() {
    let both = "vault = { database = { role = \"a\" }, pki = { role = \"b\", common_name = \"c\" } }\n";
    for (text, said) in [
        (minted(""), "what bao should mint is missing"),
        (minted(both), "a credential is one thing"),
        (minted("vault = {}\n"), "a credential is one thing"),
        (minted("vault = { database = { role = \"../sys/seal\" } }\n"), "not a part of a path"),
        (with_parts(&BAO.replace("bao.example", "10.0.0.1")), "10.0.0.1 is a private address"),
        (with_parts(&BAO.replace("https:", "http:")), "would travel to this URL without TLS"),
        (with_parts(&BAO.replace("\"bao\"\nurl", "\"fixed\"\nurl")), "`fixed` stands for stored credentials"),
        (with_parts(&format!("{BAO}{BAO}")), "there are two providers `bao`"),
        (with_parts(&BAO.replace("jwt = {", "token_file = \"open.key\", jwt = {")), "in exactly one way"),
    ] {
        let errors = errors(&text);
        assert!(errors.contains(said), "{said}: {errors}");
    }
}

const LOGIN: &str = r#"
[[providers.oauth2]]
name = "login"
issuer = "https://login.example/"
client_id = "claviger"
client_secret = "login-secret"
"#;

const GITHUB: &str = r#"
[[providers.github_app]]
name = "github-app"
app = "Iv1"
private_key = "github-key"
"#;

const GOOGLE: &str = r#"
[[providers.gcp]]
name = "google"
workload_identity_provider = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b"
"#;

/// The credential of the upstream that stands last, from a provider.
fn token(provider: &str, grant: &str, source: &str) -> String {
    let credential = format!("[upstreams.credential]\nname = \"token\"\nprovider = \"{provider}\"\n");
    with_parts(&format!(
        "{credential}inject = {{ header = \"Authorization\", prefix = \"Bearer \" }}\n{grant}\n{source}"
    ))
}

#[test]
fn a_token_of_an_authorization_server_is_asked_for_as_it_says() {
    let grant = "oauth2 = { grant = \"refresh-token\", refresh_token = \"crm-refresh\", resource = \"https://crm.example/api/\", \
                 scopes = [\"a\", \"b\"] }";
    let loaded = load_text(&token("login", grant, LOGIN)).unwrap();
    let (provider, credential) = (&loaded.providers[0], loaded.upstreams[1].credential.as_ref().unwrap());
    let Source::OAuth2(login) = &provider.source else { panic!("{provider:?}") };
    let issuer = "https://login.example/".to_owned();
    assert_eq!(login.endpoints, oauth2_provider::Endpoints::Discovered { issuer });
    let Issued::OAuth2 { grant, .. } = &credential.issued else { panic!("{credential:?}") };
    let flow = oauth2_provider::Flow::RefreshToken("crm-refresh".parse().unwrap());
    let (resource, scope) = (Some("https://crm.example/api/".to_owned()), Some("a b".to_owned()));
    assert_eq!(*grant, oauth2_provider::Grant { flow, resource, audience: None, scope });
    let bound = [provider.binding().unwrap(), provider.refresh_token_binding(credential).unwrap()];
    let bound =
        bound.map(|bound| (bound.credential.to_string(), bound.upstream.to_string(), bound.destination.to_string()));
    let expected =
        ["login-secret", "crm-refresh"].map(|name| [name, "login", "https://login.example"].map(str::to_owned));
    assert_eq!(bound, expected.map(|[name, upstream, destination]| (name, upstream, destination)));
}

#[test]
fn a_grant_for_another_server_comes_from_an_identity_provider() {
    let both = format!("{LOGIN}{}", LOGIN.replace("login", "idp"));
    let grant = |more: &str| format!("oauth2 = {{ grant = \"identity-assertion\", {more} }}");
    let loaded = load_text(&token("login", &grant("identity_provider = \"idp\""), &both)).unwrap();
    let Issued::OAuth2 { grant: found, .. } = &loaded.upstreams[1].credential.as_ref().unwrap().issued else {
        panic!("{:?}", loaded.upstreams)
    };
    let (identity_provider, proof) = ("idp".parse().unwrap(), oauth2_provider::Proof::Session(None));
    assert_eq!(found.flow, oauth2_provider::Flow::IdentityAssertion { identity_provider, proof });
    for (more, said) in [
        ("", "who gives the grant is not said"),
        ("identity_provider = \"ipd\"", "there is no authorization server `ipd` at which Claviger is a client"),
        ("identity_provider = \"idp\", refresh_token = \"r\"", "does not use all that is written here"),
        ("identity_provider = \"idp\", assertion_file = \"gone.jwt\"", "does not exist"),
        (
            "identity_provider = \"idp\", assertion_file = \"open.key\", assertion_audience = \"a\"",
            "the token in the file has its own audience",
        ),
    ] {
        let errors = errors(&token("login", &grant(more), &both));
        assert!(errors.contains(said), "{said}: {errors}");
    }
    let idle = "oauth2 = { grant = \"client-credentials\", assertion_file = \"open.key\" }";
    let errors = errors(&token("login", idle, LOGIN));
    assert!(errors.contains("does not use all that is written here"), "{errors}");
}

#[test]
fn a_token_of_github_names_repositories_and_permissions() {
    let grant =
        "github_app = { installation = 42, repositories = [\"website\"], permissions = { contents = \"read\" } }";
    let loaded = load_text(&token("github-app", grant, GITHUB)).unwrap();
    let Source::GitHubApp(app) = &loaded.providers[0].source else { panic!("{:?}", loaded.providers) };
    assert_eq!(app.api.to_string(), "https://api.github.com");
    let grant = github_app_provider::Grant {
        installation: 42,
        repositories: vec!["website".to_owned()],
        permissions: [("contents".to_owned(), github_app_provider::Access::Read)].into(),
    };
    let provider = "github-app".parse().unwrap();
    assert_eq!(loaded.upstreams[1].credential.as_ref().unwrap().issued, Issued::GitHubApp { provider, grant });
}

#[test]
fn a_token_of_google_needs_no_stored_key() {
    let grant = "gcp = { service_account = \"a@b.example\", scopes = [\"s\"] }";
    let loaded = load_text(&token("google", grant, GOOGLE)).unwrap();
    assert_eq!(loaded.providers[0].binding(), None);
    let token = gcp_provider::Token::Access(vec!["s".to_owned()]);
    let grant = gcp_provider::Grant { service_account: Some("a@b.example".to_owned()), token };
    let provider = "google".parse().unwrap();
    assert_eq!(loaded.upstreams[1].credential.as_ref().unwrap().issued, Issued::Gcp { provider, grant });
}

#[test]
fn what_a_token_lacks_is_said() {
    let client = "oauth2 = { grant = \"client-credentials\" }";
    let refresh = "oauth2 = { grant = \"refresh-token\" }";
    let both = "oauth2 = { grant = \"client-credentials\", refresh_token = \"r\" }";
    let of_github = |repository: &str, permissions: &str| {
        format!("github_app = {{ installation = 1, repositories = [{repository}], permissions = {{{permissions}}} }}")
    };
    for (provider, grant, source, said) in [
        ("login", "", LOGIN.to_owned(), "what login should mint is missing"),
        ("login", "gcp = {}", LOGIN.to_owned(), "does not read `gcp`"),
        ("login", refresh, LOGIN.to_owned(), "the refresh token is missing"),
        ("login", both, LOGIN.to_owned(), "does not use all that is written here"),
        ("login", client, LOGIN.replace("https", "http"), "would travel to this URL without TLS"),
        ("login", client, LOGIN.replace("issuer", "revocation_endpoint"), "in exactly one way"),
        ("login", client, format!("{LOGIN}private_key = \"k\"\n"), "proves itself in exactly one way"),
        ("login", client, format!("{LOGIN}key_id = \"k\"\n"), "proves itself in exactly one way"),
        ("login", client, LOGIN.replace("client_id = \"claviger\"", ""), "this is the secret of no client"),
        ("login", client, LOGIN.replace("issuer", "protected_resource"), "the API would choose to whom this is sent"),
        ("login", client, LOGIN.split("client_id").next().unwrap().to_owned(), "registers itself only when a user"),
        ("github-app", &of_github("", "a = \"read\""), GITHUB.to_owned(), "is for 1 to 500 repositories"),
        ("github-app", &of_github("\"a/b\"", "a = \"read\""), GITHUB.to_owned(), "not the name of a repository"),
        ("github-app", &of_github("\"a\"", ""), GITHUB.to_owned(), "may do nothing"),
        ("google", "gcp = {}", GOOGLE.to_owned(), "a credential is one token"),
        ("google", "gcp = { id_token_audience = \"a\" }", GOOGLE.to_owned(), "only a service account has ID tokens"),
        ("google", "gcp = { scopes = [\"a\"], service_account = \"a/b\" }", GOOGLE.to_owned(), "not the address of"),
        ("google", "gcp = { scopes = [\"a\"] }", format!("{GOOGLE}key = \"k\"\n"), "in exactly one way"),
        ("google", "gcp = { scopes = [\"a\"] }", GOOGLE.replace("//iam", "iam"), "not the full name"),
        ("fixed", client, String::new(), "a stored credential is not minted"),
    ] {
        let errors = errors(&token(provider, grant, &source));
        assert!(errors.contains(said), "{said}: {errors}");
    }
}

#[test]
fn a_refresh_token_has_one_user() {
    let grant = "oauth2 = { grant = \"refresh-token\", refresh_token = \"r\" }";
    let one = token("login", grant, "");
    let more = one.rsplit_once("[upstreams.credential]").unwrap().1;
    let upstream =
        "[[upstreams]]\nname = \"crm\"\nkind = \"mcp\"\nurl = \"https://crm.example\"\nera = \"2026-07-28\"\n";
    let errors = errors(&format!("{one}\n{upstream}[upstreams.credential]{more}{LOGIN}"));
    assert!(errors.contains("there are two refresh tokens `r`"), "{errors}");
}

const ACCOUNTS: &str = r#"
[[providers.oauth2]]
name = "sign-in"
issuer = "https://idp.example"
client_id = "claviger"
[[providers.oauth2]]
name = "login"
issuer = "https://login.example"
client_id = "claviger"
"#;

/// An issuer at which people sign in through `login`, and an upstream to which each user connects an account.
fn connected(login: &str, source: &str) -> String {
    let issuer = "issuer = \"https://idp.example\"\n";
    let text = token("login", "oauth2 = { grant = \"connection\" }", source);
    text.replacen(issuer, &format!("{issuer}{login}\n"), 1)
}

#[test]
fn users_connect_accounts_where_they_can_sign_in() {
    let loaded = load_text(&connected("login = \"sign-in\"", ACCOUNTS)).unwrap();
    assert_eq!(loaded.issuers[0].login, Some("sign-in".parse().unwrap()));
    let Issued::OAuth2 { grant, .. } = &loaded.upstreams[1].credential.as_ref().unwrap().issued else {
        panic!("{:?}", loaded.upstreams)
    };
    assert_eq!(grant.flow, oauth2_provider::Flow::Connection);
    assert_eq!(loaded.providers[1].refresh_token_binding(loaded.upstreams[1].credential.as_ref().unwrap()), None);
}

#[test]
fn an_account_is_connected_where_the_api_says_and_as_whom_its_server_says() {
    let found = ACCOUNTS.replace("issuer = \"https://login.example\"\nclient_id = \"claviger\"", "");
    let found = format!("{found}protected_resource = \"https://crm.example/mcp\"\n");
    let loaded = load_text(&connected("login = \"sign-in\"", &found)).unwrap();
    let Source::OAuth2(login) = &loaded.providers[1].source else { panic!("{:?}", loaded.providers) };
    let resource = "https://crm.example/mcp".to_owned();
    assert_eq!(login.endpoints, oauth2_provider::Endpoints::OfResource { resource });
    assert_eq!(login.client_id, None);
    // Who signs in is shown by an ID token for a client.
    let unknown = found.replacen("client_id = \"claviger\"", "", 1);
    let errors = errors(&connected("login = \"sign-in\"", &unknown));
    assert!(errors.contains("and it needs a `client_id`"), "{errors}");
}

#[test]
fn nobody_connects_an_account_unseen() {
    let fixed = ACCOUNTS.replace("issuer = \"https://login.example\"", "token_endpoint = \"https://login.example\"");
    for (login, source, said) in [
        ("", ACCOUNTS, "nobody could be shown to be the user whose account is connected"),
        ("login = \"sign-inn\"", ACCOUNTS, "did you mean `sign-in`?"),
        ("login = \"login\"", ACCOUNTS, "`issuer` of `login` must be \"https://idp.example\", byte for byte"),
        (
            "login = \"sign-in\"",
            &ACCOUNTS.replace("idp.example\"", "idp.example/\""),
            "are not shown to be this issuer's",
        ),
        ("login = \"sign-in\"", &fixed, "where users consent is not known"),
    ] {
        let errors = errors(&connected(login, source));
        assert!(errors.contains(said), "{said}: {errors}");
    }
}
