//! A private certificate authority of a test run, and the certificates, good and bad, that its servers show. Must never be
//! put into a system's roots.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What a server's certificate is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Of the authority, for localhost, 127.0.0.1 and ::1, valid.
    Good,
    /// The same, but its time is over.
    Expired,
    /// The same, but its time has not come.
    NotYetValid,
    /// Of the authority, for another name.
    WrongName,
    /// Signed by itself.
    SelfSigned,
    /// Of an authority that nobody knows.
    UnknownAuthority,
}

/// An authority, made anew for each server that wants one.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// With a new key.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "pam-2fa test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Writes its certificate to a new file in `folder`.
    #[must_use]
    pub fn write(&self, folder: &Path) -> PathBuf {
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("authority-{}-{number}.pem", std::process::id()));
        std::fs::write(&path, self.pem()).unwrap();
        path
    }

    /// A server's side of TLS with such a certificate.
    #[must_use]
    pub fn server(&self, proof: Proof) -> Arc<ServerConfig> {
        let names =
            if proof == Proof::WrongName { ["other.example"].as_slice() } else { &["localhost", "127.0.0.1", "::1"] };
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        if proof == Proof::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2020, 12, 31);
        }
        if proof == Proof::NotYetValid {
            params.not_before = date_time_ymd(4000, 1, 1);
            params.not_after = date_time_ymd(4001, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match proof {
            Proof::Good | Proof::Expired | Proof::NotYetValid | Proof::WrongName => {
                params.signed_by(&key, &self.0).unwrap()
            }
            Proof::SelfSigned => params.self_signed(&key).unwrap(),
            Proof::UnknownAuthority => params.signed_by(&key, &Self::new().0).unwrap(),
        };
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], PrivateKeyDer::from(key))
            .unwrap();
        Arc::new(config)
    }
}
