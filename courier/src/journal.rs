//! Where the log goes: to the journal when systemd has connected stderr to it, otherwise to stderr.
//!
//! It must never hold a code or a password; addresses are masked before they come here.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

/// What the journal knows our lines by.
const IDENTIFIER: &str = "pam-2fa-courier";

/// Starts the log. A second call changes nothing.
pub fn start() {
    let journal = if stderr_is_the_journal() { tracing_journald::layer().ok() } else { None };
    let sink: Box<dyn Layer<Registry> + Send + Sync> = match journal {
        Some(journal) => Box::new(journal.with_syslog_identifier(IDENTIFIER.to_owned())),
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
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let stderr = File::open("/proc/self/fd/2").and_then(|file| file.metadata());
    stderr.is_ok_and(|found| named == format!("{}:{}", found.dev(), found.ino()))
}
