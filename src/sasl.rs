//! SASL XOAUTH2: a login with an OAuth 2 access token instead of a password, as Google and Microsoft define it for IMAP and SMTP.
//!
//! <https://developers.google.com/workspace/gmail/imap/xoauth2-protocol>. RFC 7628 (OAUTHBEARER) says the same in another form, which
//! Microsoft 365 does not take.

use chrono::{DateTime, Duration, Utc};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::Value;

/// How an account proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proof {
    /// A password.
    #[default]
    Password,
    /// An OAuth 2 access token, for XOAUTH2.
    Token,
}

/// The client's only message: `user=… ^A auth=Bearer … ^A ^A`.
pub fn xoauth2(user: &str, token: &str) -> String {
    format!("user={user}\x01auth=Bearer {token}\x01\x01")
}

/// The same in base64, as protocols carry it.
pub fn xoauth2_base64(user: &str, token: &str) -> String {
    BASE64.encode(xoauth2(user, token).as_bytes())
}

/// What the server's challenge says against a token: `{"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}`. The
/// client answers it with an empty line, and then the login is refused.
pub fn refusal(challenge: &[u8]) -> String {
    let text = |value: &Value, key: &str| match value.get(key) {
        Some(Value::String(text)) => Some(format!("{key} {}", plain(text))),
        Some(Value::Number(number)) => Some(format!("{key} {number}")),
        _ => None,
    };
    let said = serde_json::from_slice::<Value>(challenge)
        .map(|value| ["status", "scope"].iter().filter_map(|key| text(&value, key)).collect::<Vec<_>>().join(", "));
    said.ok().filter(|said| !said.is_empty()).unwrap_or_else(|| "the token is not taken".to_owned())
}

/// [`refusal`] of a challenge as it came, in base64.
pub fn refusal_base64(challenge: &str) -> String {
    refusal(&BASE64.decode(challenge.trim().as_bytes()).unwrap_or_default())
}

/// A stranger's words for a log: printable, short.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// An access token as a command printed it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token itself; hand it to the server and to nobody else.
    pub text: String,
    /// When it is no longer taken, where that can be known.
    pub dies: Option<DateTime<Utc>>,
}

impl AccessToken {
    /// Reads what a command printed: the token alone, or the answer of a token endpoint (RFC 6749 section 5.1), a JSON object with
    /// `access_token` and, perhaps, `expires_in`. A token that is a JWT (RFC 7519), as Microsoft's are for companies, tells its end itself.
    ///
    /// # Errors
    /// What is wrong with it, without showing it.
    pub fn read(printed: &str, now: DateTime<Utc>) -> Result<AccessToken, &'static str> {
        let printed = printed.trim();
        let (text, told) = match serde_json::from_str::<Value>(printed) {
            Ok(Value::Object(answer)) => {
                let token = answer.get("access_token").and_then(Value::as_str).ok_or("the JSON that it prints holds no access_token")?;
                let seconds = answer.get("expires_in").and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
                (token.to_owned(), seconds.and_then(Duration::try_seconds).and_then(|life| now.checked_add_signed(life)))
            }
            _ => (printed.to_owned(), None),
        };
        // RFC 6750 section 2.1: b68token.
        let sound = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        match text.as_str() {
            "" => Err("it prints nothing; it should print an access token"),
            token if !token.chars().all(sound) => Err("what it prints is no access token: letters, digits and -._~+/= on one line"),
            token => Ok(AccessToken { dies: told.or_else(|| jwt_end(token)), text }),
        }
    }
}

/// The `exp` claim of a JWT (RFC 7519 section 4.1.4); nothing is verified, for it only warns.
fn jwt_end(token: &str) -> Option<DateTime<Utc>> {
    let claims = BASE64URL_NOPAD.decode(token.split('.').nth(1)?.trim_end_matches('=').as_bytes()).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    DateTime::from_timestamp(claims.get("exp")?.as_i64()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_googles_own_example() {
        let encoded =
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
        assert_eq!(xoauth2_base64("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"), encoded);
    }

    #[test]
    fn refusals_are_read() {
        for (challenge, said) in [
            (
                "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K",
                "status 401, scope https://mail.google.com/",
            ),
            ("eyJzdGF0dXMiOjQwMH0=", "status 400"),
            ("", "the token is not taken"),
            ("!", "the token is not taken"),
        ] {
            assert_eq!(refusal_base64(challenge), said);
        }
    }

    #[test]
    fn tokens_as_commands_print_them() {
        let now: DateTime<Utc> = "2026-12-01T09:00:00Z".parse().unwrap();
        let jwt = format!("e30.{}.x", BASE64URL_NOPAD.encode(br#"{"exp":1796119200}"#));
        for (printed, text, dies) in [
            ("ya29.a0Af-_~+/=\n", "ya29.a0Af-_~+/=", None),
            ("{\"access_token\": \"abc\", \"expires_in\": 3599, \"token_type\": \"Bearer\"}", "abc", Some("2026-12-01T09:59:59Z")),
            ("{\n  \"expires_in\": \"60\",\n  \"access_token\": \"abc\"\n}\n", "abc", Some("2026-12-01T09:01:00Z")),
            ("{\"access_token\": \"abc\"}", "abc", None),
            (&jwt, &jwt, Some("2026-12-01T10:00:00Z")),
        ] {
            let token = AccessToken::read(printed, now).unwrap();
            assert_eq!((token.text.as_str(), token.dies), (text, dies.map(|at| at.parse().unwrap())), "{printed}");
        }
        for (printed, why) in [
            ("\n", "prints nothing"),
            ("{\"error\": \"invalid_grant\"}", "no access_token"),
            ("error: log in again", "no access token"),
            ("a\nb", "no access token"),
            ("令牌", "no access token"),
        ] {
            assert!(AccessToken::read(printed, now).is_err_and(|said| said.contains(why)), "{printed}");
        }
    }

    proptest::proptest! {
        /// Whatever is printed, no character of a token leaves the line that it stands on.
        #[test]
        fn total(printed in "(?s).*", user in ".*") {
            let _ = refusal(printed.as_bytes());
            if let Ok(token) = AccessToken::read(&printed, DateTime::UNIX_EPOCH) {
                proptest::prop_assert!(token.text.is_ascii() && !token.text.contains(['\r', '\n', ' ']));
                proptest::prop_assert!(xoauth2_base64(&user, &token.text).is_ascii());
            }
        }
    }
}
