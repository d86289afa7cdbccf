//! Exchanges a token for a session token, as an agent does (RFC 8693).

use std::io::Read as _;

use crate::{
    Failure, Proxy,
    connection::{Connection, host},
};

/// Prints the session token for the token on standard input.
pub(crate) async fn run(proxy: &Proxy) -> Result<(), Failure> {
    println!("{}", exchange(&mut Connection::open(proxy).await?, proxy, &subject_token()?).await?);
    Ok(())
}

/// The token on standard input.
pub(crate) fn subject_token() -> Result<String, Failure> {
    let mut token = String::new();
    std::io::stdin().read_to_string(&mut token).map_err(|error| Failure::of("standard input", error))?;
    Ok(token.trim().to_owned())
}

/// A session of its own.
pub(crate) async fn exchange(connection: &mut Connection, proxy: &Proxy, subject: &str) -> Result<String, Failure> {
    let form = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token={subject}\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
    );
    let request = format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        host(proxy),
        form.len()
    );
    let answered = connection.call(request.as_bytes()).await?;
    let body = connection.body(answered);
    let json: serde_json::Value = serde_json::from_str(&body).map_err(|error| Failure::of("the exchange", error))?;
    let session = json.get("access_token").and_then(serde_json::Value::as_str);
    Ok(session.ok_or_else(|| Failure::of("the exchange was refused", &body))?.to_owned())
}
