//! Logins over a real sshd in another language than English, on a terminal that shows it.

use e2e::mailbox::{self, Mail};
use e2e::ssh::{PASSWORD, wrong};
use e2e::terminal::Terminal;
use e2e::world::{Person, Plan, World, own, text_of};
use std::fs;

/// `ssh` as somebody whose terminal takes UTF-8: OpenSSH shows other characters escaped in the locale `C`.
fn ssh(world: &World, person: &Person) -> Terminal {
    let mut words = vec![String::from("LC_ALL=C.UTF-8"), String::from("ssh")];
    words.extend(world.ssh(person).from("203.0.113.5").arguments());
    let mut ssh = Terminal::open("env", &words);
    ssh.wait_for("Password:");
    ssh.type_line(PASSWORD);
    ssh
}

fn reads(world: &World, person: &Person, language: &str) {
    let out = world.command(&["user", "set", &person.host.name, "--language", language]);
    assert!(out.status.success(), "{}", text_of(&out));
}

/// The code of a mail, wherever in it.
fn code(mail: &Mail) -> String {
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    mail.text.split(|character: char| !character.is_ascii_digit()).find(is_code).unwrap_or_default().to_owned()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_reads_prompt_and_mail_in_his_language() {
    let world = Plan::default().settings("[codes]\nlanguage = \"fr\"\n").start();
    let (ada, ichi, zoe) = (world.person("ada"), world.person("ichi"), world.person("zoe"));
    reads(&world, &ada, "de");
    reads(&world, &ichi, "ja");
    for (person, prompt, again, place, subject) in [
        (
            &ada,
            " gültig. Code, 'r' sendet neu: ",
            "Falscher Code, noch 2 Versuche. Code: ",
            "ssh von 203.0.113.5",
            "Example Corp: Anmeldecode (",
        ),
        (
            &ichi,
            "間有効。 コード、'r'で再送: ",
            "コードが違います。残り2回です。コード: ",
            "203.0.113.5 からの ssh",
            "のログインコード (",
        ),
        // Without a language of her own: the settings'.
        (
            &zoe,
            " valable 10 min. Code, 'r' pour le renvoyer : ",
            "Code incorrect, 2 essais restants. Code : ",
            "ssh depuis 203.0.113.5",
            "code de connexion (",
        ),
    ] {
        let mut ssh = ssh(&world, person);
        let before = ssh.wait_for(prompt);
        let mail = mailbox::wait_for(&person.email, 1);
        assert!(before.contains(&format!("({})", mail.tag())), "{before}");
        assert!(mail.text.contains(place) && mail.subject.contains(subject), "{}\n{}", mail.subject, mail.text);
        assert!(mail.raw.is_ascii(), "a server need not take 8 bits: {}", mail.raw);
        ssh.type_line(&wrong(&code(&mail)));
        ssh.wait_for(again);
        ssh.type_line(&code(&mail));
        ssh.prove_shell();
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_administrators_own_words_are_shown_after_a_reload_and_what_cannot_be_used_is_named_and_denies_nobody() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let folder = world.path("etc/messages");
    fs::create_dir(&folder).unwrap();
    own(&folder, 0o750, "root:pam-2fa");
    let file = folder.join("en.ftl");
    fs::write(&file, "prompt-sent = Ask the help desk (7000) for nothing. Mail { $tag } has your code:\nmail-text = Hello { $cod }\n").unwrap();
    own(&file, 0o640, "root:pam-2fa");
    let out = world.command(&["config", "reload"]);
    let said = text_of(&out);
    assert!(
        out.status.success() && said.contains("messages/en.ftl:2: mail-text: this message has no value $cod"),
        "{said}"
    );
    let status = text_of(&world.command(&["status"]));
    assert!(status.contains("until then our own text is used"), "{status}");

    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Ask the help desk (7000) for nothing. Mail ");
    ssh.wait_for(" has your code: ");
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(mail.text.contains("is your Example Corp login code"), "{}", mail.text);
    ssh.type_line(&mail.code());
    ssh.prove_shell();

    // One that others can write is not read at all, and that keeps nobody out either.
    own(&file, 0o666, "root:pam-2fa");
    let said = text_of(&world.command(&["config", "reload"]));
    assert!(said.contains("messages/en.ftl: mode 0666 lets others write or read it"), "{said}");
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Code sent by email to ");
    ssh.type_line(&mailbox::wait_for(&ada.email, 2).code());
    ssh.prove_shell();
}
