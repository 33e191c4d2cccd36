//! Where the log goes: to the journal when systemd has connected stderr to it, otherwise to stderr.
//!
//! It must never hold a code or a password; addresses are masked before they come here.

use std::os::unix::fs::MetadataExt;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

/// Starts the log, whose lines the journal knows by `identifier`. A second call changes nothing.
pub fn start(identifier: &str) {
    let journal = if stderr_is_the_journal() { tracing_journald::layer().ok() } else { None };
    let sink: Box<dyn Layer<Registry> + Send + Sync> = match journal {
        Some(journal) => Box::new(journal.with_syslog_identifier(identifier.to_owned())),
        None => {
            let layer =
                tracing_subscriber::fmt::layer().with_ansi(false).with_target(false).with_writer(std::io::stderr);
            Box::new(layer)
        }
    };
    // Ours only: what a library says at a lower level was not written with codes and addresses in mind.
    let ours = tracing_subscriber::filter::Targets::new().with_target("courier", LevelFilter::INFO);
    // It fails when there is a log already, which then serves.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(sink.with_filter(ours)));
}

/// Whether stderr is the journal's stream, as systemd.exec(5) says to find out: `JOURNAL_STREAM` names its device and inode.
#[expect(clippy::disallowed_methods, reason = "JOURNAL_STREAM is what systemd hands over")]
fn stderr_is_the_journal() -> bool {
    std::env::var("JOURNAL_STREAM").is_ok_and(|named| is_stream(&named, 2))
}

/// Whether this descriptor is the stream so named. It is looked at and not opened: the journal's is a socket.
fn is_stream(named: &str, descriptor: i32) -> bool {
    std::fs::metadata(format!("/proc/self/fd/{descriptor}"))
        .is_ok_and(|found| named == format!("{}:{}", found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_is_known_by_its_device_and_inode() {
        let (one, other) = UnixStream::pair().unwrap();
        let found = nix::sys::stat::fstat(&one).unwrap();
        let named = format!("{}:{}", found.st_dev, found.st_ino);
        assert!(is_stream(&named, one.as_raw_fd()));
        assert!(!is_stream(&named, other.as_raw_fd()));
    }
}
