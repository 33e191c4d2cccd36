//! Logins in the language of whoever logs in, in characters that the screen has.

use super::*;
use crate::login::world::{World, ssh};
use crate::store::UserKey;
use pam_2fa_protocol::login::{Begin, Verdict};
use pam_2fa_settings::Services;

/// A world in which ada reads `language`.
fn world(language: Option<&str>) -> World {
    let mut world = World::new();
    let ada = UserKey { uid: 1000, name: String::from("ada") };
    world.records.get_mut(&ada).unwrap().language = language.map(String::from);
    world
}

fn on(service: &str, tty: &str) -> Begin {
    let (service, tty) = (String::from(service), Some(String::from(tty)));
    Begin { service, tty, remote_host: None, ..ssh("ada", "192.0.2.7") }
}

#[test]
fn prompts_denials_and_mails_are_in_the_users_language_then_in_the_settings() {
    let mut world = world(Some("de"));
    world.rules.codes.language = Language::French;
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.prompt().starts_with("Code per E-Mail an a***@example.com gesendet ("), "{}", said.prompt());
    assert!(said.prompt().ends_with("), 10 min gültig. Code, 'r' sendet neu: "), "{}", said.prompt());
    let login = world.stand(login);
    assert_eq!(world.sent[0].language, Language::German);
    assert_eq!(world.place(), "ssh von 192.0.2.7");
    let (login, said) = world.answer(login, "12345");
    assert!(said.prompt().starts_with("Ein Code hat 6 Ziffern. Code ("), "{}", said.prompt());
    world.broken = true;
    let (_, said) = world.answer(login, "123456");
    assert_eq!(
        said.told(),
        "Der Code kann zurzeit nicht geprüft werden. Versuchen Sie es später wieder. (Ref K7Q2M9XD)"
    );

    // A language that this release does not have is none.
    for language in [None, Some("kl"), Some("")] {
        let mut world = self::world(language);
        world.rules.codes.language = Language::French;
        let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
        assert!(said.prompt().starts_with("Code envoyé par e-mail à a***@example.com ("), "{}", said.prompt());
        let _login = world.stand(login);
        assert_eq!((world.sent[0].language, world.place().as_str()), (Language::French, "ssh depuis 192.0.2.7"));
    }
}

#[test]
fn a_screen_without_the_letters_is_spoken_to_in_ascii_and_the_mail_is_not() {
    let mut world = world(Some("ja"));
    let (login, said) = world.begin(on("login", "/dev/ttyS0"), 0);
    assert!(said.prompt().starts_with("Code sent by email to "), "{}", said.prompt());
    let _login = world.stand(login);
    assert_eq!((world.sent[0].language, world.place().as_str()), (Language::Japanese, "ttyS0 での login"));

    let mut world = self::world(Some("de"));
    let (_, said) = world.begin(on("login", "/dev/ttyS0"), 0);
    assert!(said.prompt().ends_with("), 10 min gueltig. Code, 'r' sendet neu: "), "{}", said.prompt());
    let (_, said) = world.begin(on("login", "/dev/tty1"), 0);
    assert!(said.prompt().ends_with(" gültig. Code, 'r' sendet neu: "), "{}", said.prompt());
}

/// Whoever typed a wrong password is nobody yet, and is spoken to in the settings' language: another one would tell who exists (S11).
#[test]
fn under_the_constant_prompt_the_screen_is_alike_for_everyone_and_the_mail_is_the_users() {
    let shown = |language, decoy| {
        let mut world = world(language);
        world.rules.codes.prompt = PromptStyle::Constant;
        world.rules.codes.language = Language::Spanish;
        let (login, said) = world.begin(Begin { decoy, ..ssh("ada", "192.0.2.7") }, 0);
        let prompt = said.prompt();
        let letters = (!decoy).then(|| {
            let _login = world.stand(login);
            world.sent[0].language
        });
        let (before, tag) = prompt.split_once('(').unwrap();
        (format!("{before}{}", tag.split_once(')').unwrap().1), letters)
    };
    let (real, letters) = shown(Some("ja"), false);
    assert_eq!(letters, Some(Language::Japanese));
    assert_eq!(real, "Si la contraseña era correcta, se ha enviado un código . Código: ");
    assert_eq!(shown(Some("ja"), true).0, real);
    assert_eq!(shown(None, false).0, real);
}

#[test]
fn yes_in_the_language_or_in_english_remembers_and_no_other_word_does() {
    for (language, word, remembered) in [
        ("de", "Ja", true),
        ("de", "yes", true),
        ("fr", "o", true),
        ("es", "SÍ", true),
        ("ja", "はい", true),
        ("fr", "ja", false),
        ("de", "n", false),
        ("de", "", false),
    ] {
        let mut world = world(Some(language));
        let settings = pam_2fa_settings::parse("[trust]\nssh = \"8 hours\"\nask = true\nssh_identity = \"address\"\n");
        world.rules.trust = settings.unwrap().settings.trust;
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
        let code = world.code(&login);
        let (login, _) = world.answer(login, &code);
        let (_, end) = world.answer(login, word);
        assert_eq!(end.verdict(), Some(Verdict::Allow));
        assert_eq!(world.devices.len(), usize::from(remembered), "{language} {word:?}");
    }
}

#[test]
fn a_screen_is_taken_to_show_what_the_table_says() {
    for (service, tty, shows) in [
        ("sshd", Some("ssh"), Charset::Utf8),
        ("sshd", None, Charset::Utf8),
        ("bastion", Some("ssh"), Charset::Utf8),
        ("cockpit", None, Charset::Utf8),
        ("gdm-password", Some("/dev/tty1"), Charset::Utf8),
        ("gdm3", Some("/dev/tty1"), Charset::Utf8),
        ("sddm", Some(":0"), Charset::Utf8),
        ("lightdm", Some(":0"), Charset::Utf8),
        ("kde", Some("/dev/tty2"), Charset::Utf8),
        ("xscreensaver", Some(":0.0"), Charset::Utf8),
        ("swaylock", None, Charset::Utf8),
        ("polkit-1", None, Charset::Utf8),
        ("sudo", Some("/dev/pts/3"), Charset::Utf8),
        ("su", Some("pts/0"), Charset::Utf8),
        ("remote", Some("pts/4"), Charset::Utf8),
        ("login", Some("/dev/tty1"), Charset::Latin),
        ("login", Some("tty63"), Charset::Latin),
        ("vlock", Some("/dev/tty2"), Charset::Latin),
        // Its greeter may be one of text.
        ("greetd", Some("/dev/tty7"), Charset::Latin),
        ("sudo", Some("/dev/tty1"), Charset::Latin),
        ("login", Some("ttyS0"), Charset::Ascii),
        ("login", Some("/dev/ttyAMA0"), Charset::Ascii),
        ("login", Some("hvc0"), Charset::Ascii),
        ("login", Some("/dev/console"), Charset::Ascii),
        ("login", Some("tty"), Charset::Ascii),
        ("login", Some("pts/x"), Charset::Ascii),
        ("login", Some("3270/tty1"), Charset::Ascii),
        ("login", Some(""), Charset::Ascii),
        ("login", None, Charset::Ascii),
        ("sudo", None, Charset::Ascii),
        ("gdmx", Some("ttyS0"), Charset::Ascii),
        ("vpn", None, Charset::Ascii),
    ] {
        let class = classify(service, tty, &Services::default());
        assert_eq!(charset(class, service, tty), shows, "{service} {tty:?}");
    }
}
