//! Where a login comes from, in the words of whoever reads of it: kept as what it is until it is said, since a message and a screen
//! may be in different languages.

use crate::texts::{Message, Texts, Value};

/// A place. What stands in it has been stripped of what a terminal would act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `ssh from 192.0.2.7`.
    Remote {
        /// As people call it.
        service: String,
        /// An address, or what the program says.
        from: String,
    },
    /// `login on tty1`.
    Tty {
        /// As people call it.
        service: String,
        /// Without `/dev/`.
        tty: String,
    },
    /// `ssh`: nothing more is known.
    Here {
        /// As people call it.
        service: String,
    },
    /// `su on pts/1, to become bob`.
    As {
        /// Where.
        place: Box<Self>,
        /// Whom one becomes.
        user: String,
    },
    /// A program that runs as the user.
    Own,
}

impl Place {
    /// In words.
    #[must_use]
    pub fn say(&self, texts: &Texts) -> String {
        match self {
            Self::Remote { service, from } => {
                texts.say(Message::PlaceRemote, &[("service", Value::Text(service)), ("from", Value::Text(from))])
            }
            Self::Tty { service, tty } => {
                texts.say(Message::PlaceTty, &[("service", Value::Text(service)), ("tty", Value::Text(tty))])
            }
            Self::Here { service } => texts.say(Message::PlaceHere, &[("service", Value::Text(service))]),
            Self::As { place, user } => {
                let place = place.say(texts);
                texts.say(Message::PlaceAs, &[("place", Value::Text(&place)), ("user", Value::Text(user))])
            }
            Self::Own => texts.say(Message::PlaceOwn, &[]),
        }
    }
}
