//! In which language a login is spoken with, and in which characters. Decides nothing else: what is asked is the same in all of them.
//!
//! The screen speaks the settings' language until the store has said whose login it is, then the user's own. Under
//! `codes.prompt = "constant"` it goes on speaking the settings', as it does to whoever typed a wrong password (S11): only the
//! message, which goes to the user alone, is in the user's.

use super::class::{Class, classify};
use super::{Effects, Event, Login, Purpose};
use crate::rules::PromptStyle;
use crate::store::Known;
use crate::texts::{Charset, Tongue};
use pam_2fa_settings::Language;

/// In which language whom is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spoken {
    /// On the screen.
    pub(crate) screen: Tongue,
    /// In messages, which show everything.
    pub(crate) letters: Language,
}

impl Login {
    /// Hears in which language to go on. What an administrator is explained is in English, as all of the command is.
    pub(super) fn hear(&mut self, event: &Event, fx: &mut Effects<'_>) {
        let wanted = match (event, &self.purpose) {
            (_, Purpose::Explain) => None,
            // A terminal that says of itself what it can show.
            (Event::Begin(_), Purpose::Own(_)) => {
                self.spoken.screen = Tongue { language: fx.rules.codes.language, charset: Charset::Utf8 };
                Some(fx.rules.codes.language)
            }
            (Event::Begin(begin), Purpose::LogIn) => {
                let class = classify(&begin.service, begin.tty.as_deref(), &fx.rules.services);
                self.spoken.screen.charset = charset(class, &begin.service, begin.tty.as_deref());
                self.spoken.screen.language = fx.rules.codes.language;
                Some(fx.rules.codes.language)
            }
            (Event::Facts(Ok(facts)), Purpose::LogIn | Purpose::Own(_)) => match &facts.known {
                Known::Record(record) => record.language.as_deref().and_then(|word| Language::parse(word).ok()),
                Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => None,
            },
            (_, Purpose::LogIn | Purpose::Own(_)) => None,
        };
        if let Some(language) = wanted {
            self.spoken.letters = language;
            if fx.rules.codes.prompt != PromptStyle::Constant {
                self.spoken.screen.language = language;
            }
        }
        fx.texts = fx.rules.languages.of(self.spoken.screen);
        fx.letters = self.spoken.letters;
    }
}

/// What the screen behind a login shows, as far as the program says which that is.
///
/// ssh, browsers, terminals in a window and greeters have fonts. The kernel's console has 256 or 512 signs, Latin-1 among them
/// (console_codes(4)). On a serial line nobody knows what is connected, and nobody knows where there is no terminal.
pub(crate) fn charset(class: Class, service: &str, tty: Option<&str>) -> Charset {
    const WITH_WINDOWS: &[&str] =
        &["gdm", "sddm", "lightdm", "plasmalogin", "cosmic-greeter", "kde", "kdm", "xdm", "wdm", "lxdm", "slim"];
    if matches!(class, Class::Ssh | Class::Web) {
        return Charset::Utf8;
    }
    // Some of them name the console that their server draws on.
    if WITH_WINDOWS.iter().any(|name| service == *name || service.strip_prefix(name).is_some_and(ends_a_name)) {
        return Charset::Utf8;
    }
    let Some(tty) = tty.map(|tty| tty.strip_prefix("/dev/").unwrap_or(tty)) else {
        // A locker, or polkit's dialogue: on a terminal they would say which.
        let in_a_window = service == "polkit-1" || (class == Class::Desktop && !["login", "remote"].contains(&service));
        return if in_a_window { Charset::Utf8 } else { Charset::Ascii };
    };
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    if tty.starts_with(':') || tty.strip_prefix("pts/").is_some_and(is_number) {
        return Charset::Utf8;
    }
    if tty.strip_prefix("tty").is_some_and(is_number) { Charset::Latin } else { Charset::Ascii }
}

/// Whether what follows a program's name is a variant of it: `gdm-password`, `gdm3`.
fn ends_a_name(rest: &str) -> bool {
    rest.starts_with('-') || rest.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
