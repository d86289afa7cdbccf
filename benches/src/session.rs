//! Exchanges the token on standard input for a session token, as an agent does (RFC 8693).

use std::io::Read as _;

use crate::{
    Failure, Proxy,
    connection::{Connection, host},
};

pub(crate) async fn run(proxy: &Proxy) -> Result<(), Failure> {
    let mut token = String::new();
    std::io::stdin().read_to_string(&mut token).map_err(|error| Failure::of("standard input", error))?;
    let form = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token={}\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt",
        token.trim()
    );
    let request = format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        host(proxy),
        form.len()
    );
    let mut connection = Connection::open(proxy).await?;
    let answered = connection.call(request.as_bytes()).await?;
    let body = connection.body(answered);
    let json: serde_json::Value = serde_json::from_str(&body).map_err(|error| Failure::of("the exchange", error))?;
    let session = json.get("access_token").and_then(serde_json::Value::as_str);
    println!("{}", session.ok_or_else(|| Failure::of("the exchange was refused", &body))?);
    Ok(())
}
