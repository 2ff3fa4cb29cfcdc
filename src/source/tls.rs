//! The TLS client: rustls with ring, certificates judged by the system's own verifier or by a file of PEM roots.
//!
//! A `ca_file` replaces the system's roots instead of adding to them: who names the company's own authority wants that one and no other.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// A client configuration for any number of connections.
///
/// # Errors
/// The file cannot be read, holds no certificate or one that is no authority; the system has no roots.
pub fn client(ca_file: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("TLS cannot be set up")?;
    let config = match ca_file {
        None => builder.with_platform_verifier().context("the system's certificate authorities cannot be used")?.with_no_client_auth(),
        Some(path) => builder.with_root_certificates(roots(path)?).with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn roots(path: &Path) -> anyhow::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).with_context(|| format!("ca_file {} cannot be read", path.display()))?;
    for certificate in certificates {
        let certificate = certificate.with_context(|| format!("ca_file {} is not PEM", path.display()))?;
        store.add(certificate).with_context(|| format!("ca_file {} holds a certificate that is no authority", path.display()))?;
    }
    anyhow::ensure!(!store.is_empty(), "ca_file {} holds no certificate", path.display());
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_file_is_named() {
        let directory = std::env::temp_dir().join(format!("postdesk-tls-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let empty = directory.join("empty.pem");
        std::fs::write(&empty, "no certificate here\n").unwrap();
        let missing = directory.join("missing.pem");
        for (path, words) in [(&empty, "holds no certificate"), (&missing, "cannot be read")] {
            let error = format!("{:#}", client(Some(path)).unwrap_err());
            assert!(error.contains(words) && error.contains("ca_file"), "{error}");
        }
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
