//! An authenticator app that is not ours: `oathtool` (OATH Toolkit), handed the key as a person types it in.

#![expect(clippy::expect_used, clippy::panic, reason = "a stage that cannot be set fails the test")]

use std::process::Command;

/// What the app shows now for a key in letters.
///
/// # Panics
/// When oathtool is not there or does not take the key.
#[must_use]
pub fn shows(key: &str) -> String {
    let key = key.replace(' ', "");
    let out = Command::new("oathtool").args(["--totp", "--base32", &key]).output().expect("run oathtool");
    assert!(out.status.success(), "oathtool: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// The key that a screen shows below the square.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn key_on(screen: &str) -> String {
    let Some((_, rest)) = screen.rsplit_once("Key for the app: ") else { panic!("no key on\n{screen}") };
    rest.lines().next().unwrap_or_default().trim().to_owned()
}

/// The recovery codes that a screen shows.
#[must_use]
pub fn recovery_codes_on(screen: &str) -> Vec<String> {
    let is_code = |word: &&str| {
        let groups: Vec<&str> = word.split('-').collect();
        groups.len() == 4 && groups.iter().all(|group| group.len() == 4)
    };
    screen.split_whitespace().filter(is_code).map(str::to_owned).collect()
}
