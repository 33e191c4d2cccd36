//! The one type for everything that must not be seen: codes, passwords, keys.
//!
//! It has no `Clone` and no `Display`, its `Debug` is an ellipsis, and it is wiped when it is dropped. It does not implement
//! `Serialize` either: a field that really crosses a socket says so with `#[serde(serialize_with = "Secret::on_the_wire")]`.

use serde::{Deserialize, Deserializer, Serializer};
use std::fmt;
use zeroize::Zeroize;

/// A secret value, wiped on drop. Compare with `subtle`, never with `==` (there is none).
pub struct Secret<T: Zeroize = String>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value over. The caller must not keep a copy.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call is a place to look at in a review.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, to be changed in place.
    pub fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl Secret<String> {
    /// For fields that cross a socket: `#[serde(serialize_with = "Secret::on_the_wire")]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn on_the_wire<S: Serializer>(secret: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&secret.0)
    }

    /// The same for a field that may be absent.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn on_the_wire_if_any<S: Serializer>(secret: &Option<Self>, serializer: S) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => serializer.serialize_some(&secret.0),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl From<String> for Secret<String> {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl<'de> Deserialize<'de> for Secret<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new(String::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "…");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(…)");
    }
}
