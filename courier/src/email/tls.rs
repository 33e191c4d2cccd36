//! Whom to believe: the system's roots, and beside them the certificates of `email.ca_file`. There is no way to verify less.
//!
//! The system's roots are read from the bundle file that every distribution has. `rustls-platform-verifier` would find the
//! same file, but asks the variables `SSL_CERT_FILE` and `SSL_CERT_DIR` first (rustls-native-certs), and nothing here may
//! hang on the environment: whoever starts the courier by hand would choose whom it trusts without knowing.
//!
//! Sessions are never resumed: each connection verifies the certificate itself.

use super::failure::Failure;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Where the distributions keep the bundle: Debian and Arch, Fedora and RHEL, SUSE, Alpine.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The longest file of certificates in bytes; the system's own have about 220 KiB.
const MAX_BUNDLE: u64 = 4 * 1024 * 1024;
/// So many configurations are kept; there are as many as `ca_file` settings.
const MAX_KEPT: usize = 8;

/// What tells one state of a file from another: device, inode, length, seconds and nanoseconds of the last change.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

struct Kept {
    ca_file: Option<PathBuf>,
    stamps: [Stamp; 2],
    config: Arc<ClientConfig>,
}

/// TLS configurations, made once for each `ca_file` and again when a file behind them has changed.
pub struct Trust {
    bundle: Option<PathBuf>,
    kept: Mutex<Vec<Kept>>,
}

impl Default for Trust {
    fn default() -> Self {
        Self::with_bundle(BUNDLES.iter().map(PathBuf::from).find(|path| path.is_file()))
    }
}

impl Trust {
    /// With the roots of that file instead of the system's; none: only those of `ca_file`.
    #[must_use]
    pub fn with_bundle(bundle: Option<PathBuf>) -> Self {
        Self { bundle, kept: Mutex::default() }
    }

    /// The configuration that believes the system's roots and those of `ca_file`. Reads files: not for the thread that
    /// serves.
    ///
    /// # Errors
    /// [`Failure::Setting`] when `ca_file` cannot be read or holds no certificate, or when nothing is left to believe.
    pub fn config(&self, ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Failure> {
        let stamps = [stamp(self.bundle.as_deref()), stamp(ca_file)];
        {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(same) = kept.iter().find(|one| one.ca_file.as_deref() == ca_file && one.stamps == stamps) {
                return Ok(Arc::clone(&same.config));
            }
        }
        let config = self.read(ca_file)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.ca_file.as_deref() != ca_file);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.push(Kept { ca_file: ca_file.map(Path::to_owned), stamps, config: Arc::clone(&config) });
        Ok(config)
    }

    fn read(&self, ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Failure> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = ca_file {
            let setting = |why: String| Failure::Setting { key: "ca_file", why: format!("{}: {why}", path.display()) };
            if !path.is_absolute() {
                return Err(setting(String::from("not an absolute path")));
            }
            let found = certificates(path).map_err(|error| setting(unreadable(&error)))?;
            for one in &found {
                let certificate = one.as_ref().map_err(|error| setting(error.to_string()))?;
                roots.add(certificate.clone()).map_err(|error| setting(error.to_string()))?;
            }
            if found.is_empty() {
                return Err(setting(String::from(
                    "no certificate in it; name a PEM file of the authority's certificate",
                )));
            }
        }
        if let Some(path) = &self.bundle {
            // A root of the system that cannot be parsed is not believed; that is no reason to stop mail.
            roots.add_parsable_certificates(certificates(path).unwrap_or_default().into_iter().flatten());
        }
        if roots.is_empty() {
            let why = "this system has no root certificates; install ca-certificates or set ca_file";
            return Err(Failure::Setting { key: "ca_file", why: why.to_owned() });
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::Setting { key: "tls", why: error.to_string() })?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// What the system says; where it says no, there are two who may have said it.
fn unreadable(error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return error.to_string();
    }
    format!(
        "{error}; it must be for everybody to read, and below /etc, /usr, /opt or /srv: the courier reads nowhere else"
    )
}

fn stamp(path: Option<&Path>) -> Stamp {
    let of = |found: Metadata| (found.dev(), found.ino(), found.len(), found.mtime(), found.mtime_nsec());
    std::fs::metadata(path?).ok().map(of)
}

/// The certificates of a PEM file. What is not a regular file is not read: it could hang.
fn certificates(path: &Path) -> io::Result<Vec<Result<CertificateDer<'static>, pem::Error>>> {
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_CLOEXEC;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut pem = Vec::new();
    file.take(MAX_BUNDLE).read_to_end(&mut pem)?;
    Ok(CertificateDer::pem_slice_iter(&pem).collect())
}
