//! TLS to a mail server: whether, whom to trust, and certificate errors in words that name a remedy.
//!
//! rustls with ring; certificates are judged by the system's own verifier, since only that one knows a company's own CA.
//! Trusted are the machine's own CAs and those of `ca_file`. There is no switch that turns verification off: with `ca_file` a private CA
//! costs one line, and a switch would stay on for ever.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig};

/// How a connection is encrypted (RFC 8314).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tls {
    /// TLS from the first byte.
    Implicit,
    /// Plain, then STARTTLS; refused when the server does not offer it.
    Starttls,
    /// Not at all.
    None,
}

/// Trust for one connection. Read anew each time, so that a renewed CA needs no restart.
///
/// # Errors
/// `ca_file` cannot be read or holds no certificate; there is no `ca_file` and the machine has no CAs.
fn config(ca_file: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut extra = Vec::new();
    if let Some(path) = ca_file {
        for certificate in CertificateDer::pem_file_iter(path).with_context(|| format!("ca_file {} cannot be read", path.display()))? {
            extra.push(certificate.with_context(|| format!("ca_file {} is no PEM file of certificates", path.display()))?);
        }
        anyhow::ensure!(!extra.is_empty(), "ca_file {} holds no certificate (PEM, -----BEGIN CERTIFICATE-----)", path.display());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
        .context("no CA to trust: install the package ca-certificates, or set ca_file")?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// The TLS handshake, the certificate checked against `host`; `ca_file` is trusted beside the machine's own CAs.
///
/// # Errors
/// A sentence for the operator that names the remedy.
pub async fn handshake<S>(road: S, ca_file: Option<&Path>, host: &str, tls: Tls) -> Result<TlsStream<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = config(ca_file).map_err(|error| format!("{error:#}"))?;
    let name =
        ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is no host name that a certificate can be checked for"))?;
    TlsConnector::from(Arc::new(config)).connect(name, road).await.map_err(|error| explain(&error, host, tls))
}

/// A failed handshake in words.
fn explain(error: &io::Error, host: &str, tls: Tls) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(wrong)) => certificate(wrong, host),
        Some(rustls::Error::InvalidMessage(_)) if tls == Tls::Implicit => {
            format!("{host} does not begin with TLS on this port: set tls = \"starttls\", or another port")
        }
        _ => format!("TLS with {host} failed: {error}"),
    }
}

/// What is wrong with a certificate, and what to do about it.
fn certificate(wrong: &CertificateError, host: &str) -> String {
    use CertificateError as C;
    match wrong {
        C::Expired | C::ExpiredContext { .. } => {
            format!(
                "the certificate of {host} has expired: it must be renewed there (ca_file does not help; is this machine's clock right?)"
            )
        }
        C::NotValidYet | C::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet: is this machine's clock right? (ca_file does not help)")
        }
        C::NotValidForName | C::NotValidForNameContext { .. } => {
            let names = match wrong {
                C::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
                    // rustls writes them as `DnsName("a.test")`.
                    let names: Vec<&str> = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name)).collect();
                    format!(" but for {}", names.join(", "))
                }
                _ => String::new(),
            };
            format!("the certificate is not for {host}{names}: write a name that it is for as host (ca_file does not help)")
        }
        C::UnknownIssuer | C::BadSignature => {
            format!(
                "the certificate of {host} comes from a CA that this machine does not know: name that CA's PEM file beside host:  ca_file = \"/…/ca.pem\""
            )
        }
        C::Revoked => format!("the certificate of {host} has been revoked: it must be replaced there (ca_file does not help)"),
        other => {
            format!("the certificate of {host} is not acceptable ({other}): a self-signed one needs a CA of its own, named in ca_file")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_error_names_ca_file() {
        let presented = vec!["DnsName(\"mail.desk.test\")".to_owned()];
        let expected = ServerName::try_from("localhost").unwrap();
        for (wrong, words) in [
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForName, "is not for mx.test"),
            (CertificateError::NotValidForNameContext { expected, presented }, "but for mail.desk.test:"),
            (CertificateError::UnknownIssuer, "a CA that this machine does not know"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::BadEncoding, "not acceptable"),
        ] {
            let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(wrong));
            let sentence = explain(&error, "mx.test", Tls::Implicit);
            assert!(sentence.contains(words) && sentence.contains("ca_file"), "{sentence}");
        }
    }

    #[test]
    fn ca_files_that_hold_nothing() {
        let file = std::env::temp_dir().join(format!("postdesk-ca-{}.pem", std::process::id()));
        std::fs::write(&file, "hello\n").unwrap();
        assert!(config(Some(&file)).unwrap_err().to_string().contains("holds no certificate"));
        std::fs::remove_file(&file).unwrap();
        assert!(config(Some(&file)).unwrap_err().to_string().contains("cannot be read"));
    }
}
