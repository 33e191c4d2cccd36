//! The log: journald where there is one, else stderr. Its level follows `log.level`.

use pam_2fa_settings::Level;
use tracing::Level as TracingLevel;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt};

/// Begins the names of our fields in the journal: `journalctl PAM_2FA_REFERENCE=K7Q2M9XD`. Without one they could be taken for
/// the journal's own (systemd.journal-fields(7)).
const FIELD_PREFIX: &str = "PAM_2FA";

/// Changes the level.
#[derive(Clone)]
pub struct LevelHandle(Option<reload::Handle<LevelFilter, Registry>>);

impl LevelHandle {
    /// For tests: a level that nobody reads.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// From now on.
    pub fn set(&self, level: Level) {
        let filter = match level {
            Level::Error => LevelFilter::from_level(TracingLevel::ERROR),
            Level::Warn => LevelFilter::from_level(TracingLevel::WARN),
            Level::Info => LevelFilter::from_level(TracingLevel::INFO),
            Level::Debug => LevelFilter::from_level(TracingLevel::DEBUG),
            Level::Trace => LevelFilter::from_level(TracingLevel::TRACE),
        };
        if let Some(handle) = &self.0
            && let Err(error) = handle.modify(|current| *current = filter)
        {
            tracing::warn!(%error, "the log level could not be changed");
        }
    }
}

/// Starts the log. `to_journal`: systemd has connected our stderr to the journal, so its own protocol can be used and fields
/// are kept; a daemon started by hand logs where its administrator looks, to stderr.
pub fn start(to_journal: bool) -> LevelHandle {
    let (level, handle) = reload::Layer::new(LevelFilter::INFO);
    let journal = if to_journal { tracing_journald::layer().ok() } else { None };
    let stderr =
        journal.is_none().then(|| fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false));
    let journal = journal.map(|layer| {
        let layer = layer.with_syslog_identifier(String::from("pam-2fa-configd"));
        layer.with_field_prefix(Some(String::from(FIELD_PREFIX)))
    });
    let started = tracing_subscriber::registry().with(level).with(journal).with(stderr).try_init();
    LevelHandle(started.ok().map(|()| handle))
}
