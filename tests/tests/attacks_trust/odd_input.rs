//! What nobody honest brings: names, lists, files, damage, other uids.

use super::common::*;
use e2e::mailbox;
use e2e::ssh::PASSWORD;
use e2e::world::{Person, Plan, text_of};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_whose_name_looks_like_anothers_has_no_device_of_hers_and_cannot_play_with_the_terminal() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    let console = |person: &Person| fields(&person.host.name, "login", r#""tty":"tty1""#);
    remembered(&world, &ada, &console(&ada), 2);
    for (number, odd) in ["\u{430}da", "a\u{200b}da", "\u{202e}ada", "ADA", "ada-"].into_iter().enumerate() {
        let host = e2e::host::add_user(&ada.host.name.replace("ada", odd).replace("ADA", "Ada"));
        let email = format!("odd{}n{number}@example.test", ada.host.name);
        let words = ["user", "set", &host.name, "--email", &email, "--verify", "new-device", "--trusted"];
        let out = world.command(&words);
        let twin = Person { host, email };
        if !out.status.success() {
            assert!(Login::begin(&world, &console(&twin)).1.contains("not_subject"), "{odd}: {}", text_of(&out));
            continue;
        }
        let (mut login, reply) = Login::begin(&world, &console(&twin));
        assert!(reply.contains("\"ask\""), "{odd}: {reply}");
        let mail = mailbox::wait_for(&twin.email, 1);
        assert!(!mail.text.contains(['\u{202e}', '\u{200b}']), "{}", mail.text);
        assert!(login.answer(&mail.code()).contains("\"allow\""));
        command(&world, &["device", "revoke", "--user", &twin.host.name]);
        assert!(Login::begin(&world, &console(&ada)).1.contains("\"allow\""), "hers was revoked with {odd}");
        let shown = command(&world, &["device", "list"]) + &command(&world, &["user", "list"]);
        let log = fs::read_to_string(world.path("configd.log")).unwrap();
        assert!(!shown.contains('\u{202e}') && !log.contains('\u{202e}'), "{shown}");
    }
}

/// A certificate of a large organisation: 256 principals are what OpenSSH takes.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_large_certificate_keeps_nobody_out() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let authority = new_key(&world, "authority");
    fs::write(world.path("authorized").join(&ada.host.name), format!("cert-authority {}", public(&authority))).unwrap();
    let many: Vec<String> =
        (0..250).map(|number| format!("team-{number}-of-the-department-of-large-names-{number}")).collect();
    let principals = format!("{},{}", ada.host.name, many.join(","));
    let file = format!("{}.pub", key.display());
    run(&["ssh-keygen", "-q", "-s", &authority.display().to_string(), "-I", "ada", "-n", &principals, &file]);
    let mut ssh = key_login(&world, &ada, &key, HERE).open();
    let (which, _) = ssh.wait_for_any(&["Code", "Password:", "denied"]);
    if which == 1 {
        // The key was accepted, and is not known here: the password, then.
        ssh.type_line(PASSWORD);
        let (which, _) = ssh.wait_for_any(&["Code", "denied"]);
        assert_eq!(which, 0, "with key, certificate and password: {}", ssh.text());
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn odd_names_of_callers_and_hosts_reach_no_terminal_log_or_mail_as_they_are() {
    let world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let name = &ada.host.name;
    let evil = r"\u001b]0;owned\u0007\u202eadmin\u2066\r\nSubject: x\u0085\u009b31m\u200b";
    let one = fields(name, "su", &format!(r#""session":9,"real_uid":1000,"remote_user":"{evil}","tty":"{evil}""#));
    remembered(&world, &ada, &one, 1);
    let long = "x".repeat(9000);
    remembered(&world, &ada, &fields(name, "su", &format!(r#""session":9,"real_uid":1,"remote_user":"{long}""#)), 2);
    let mail = mailbox::wait_for_code(&ada.email, 1);
    let mut texts = vec![mail.text, mail.subject, fs::read_to_string(world.path("configd.log")).unwrap()];
    for words in [
        &["device", "list"][..],
        &["device", "list", name, "--json"],
        &["user", "show", name],
        &["user", "show", name, "--json"],
        &["log"],
        &["log", "--json"],
        &["device", "revoke", "--user", name],
    ] {
        texts.push(command(&world, words));
    }
    for text in &texts {
        let odd = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n' && *c != '\t') || "\u{202e}\u{2066}\u{9b}".contains(*c));
        assert_eq!(odd, None, "{text}");
        assert!(!text.lines().any(|line| line.starts_with("Subject: x") || line.len() > 1000), "{text}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn hostile_words_and_files_for_device_and_explain_are_refused_and_not_repeated_to_the_terminal() {
    let world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let name = &ada.host.name;
    remembered(&world, &ada, &fields(name, "login", r#""tty":"tty1""#), 1);
    let long = "A".repeat(20_000);
    for id in [
        "",
        " ",
        "%",
        "' OR 1=1 --",
        "\u{1b}[2J",
        "AAAAAAAA",
        "\u{202e}AAAAAAA",
        "ＡＡＡＡＡＡＡＡ",
        &long,
        "*",
        "../../x",
    ] {
        let out = world.command(&["device", "revoke", "--", id]);
        assert!(!out.status.success(), "{id:?}");
        assert!(!text_of(&out).contains(['\u{1b}', '\u{202e}']), "{id:?}");
    }
    for user in ["", "nobody-there", "%", "' OR 1=1 --", "\u{1b}[2J"] {
        let out = world.command(&["device", "revoke", "--user", user]);
        assert!(!out.status.success() && !text_of(&out).contains('\u{1b}'), "{user:?}: {}", text_of(&out));
    }
    let file = |file: &str, bytes: &[u8]| {
        fs::write(world.path(file), bytes).unwrap();
        world.path(file)
    };
    let blob = data_encoding::BASE64.encode(&[&b"\0\0\0\x0bssh-ed25519"[..], &[0xff; 4]].concat());
    let files = [
        PathBuf::from("/dev/zero"),
        PathBuf::from("/dev/null"),
        PathBuf::from("/etc"),
        PathBuf::from("/proc/self/mem"),
        PathBuf::from("/etc/shadow"),
        PathBuf::from("/no\u{1b}[2Jsuch"),
        file("controls", b"ssh-ed25519 \x1b[2JAAAA\n"),
        file("bidi", "\u{202e}ssh-ed25519 AAAA\n".as_bytes()),
        file("nul", b"ssh-ed25519 AAAA\0publickey x\n"),
    ];
    for key in &files {
        let out =
            world.command(&["explain", name, "--service", "sshd", "--from", HERE, "--key", &key.display().to_string()]);
        assert!(!out.status.success(), "{}: {}", key.display(), text_of(&out));
        assert!(!text_of(&out).contains(['\u{1b}', '\u{202e}']), "{}: {}", key.display(), text_of(&out));
        assert!(!text_of(&out).contains("root:"), "{}", text_of(&out));
    }
    // Short lengths inside, and a certificate that is nothing but its name: no key that is known, and no crash.
    let cert = data_encoding::BASE64.encode(b"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com\0\0\0\xff");
    for text in [format!("ssh-ed25519 {blob}"), format!("ssh-ed25519-cert-v01@openssh.com {cert}")] {
        let key = file("short", text.as_bytes());
        let out =
            world.command(&["explain", name, "--service", "sshd", "--from", HERE, "--key", &key.display().to_string()]);
        assert!(!text_of(&out).contains("remembered, and"), "{}", text_of(&out));
        let info = format!("publickey {text}");
        let (_, reply) =
            Login::begin(&world, &fields(name, "sshd", &format!(r#""remote_host":"{HERE}","auth_info":"{info}""#)));
        assert!(reply.contains("\"ask\""), "{reply}");
    }
    assert!(command(&world, &["device", "list", name, "--json"]).contains("\"id\""), "none of these revoked anything");
}

/// An administrator looks at a key in a home, whose owner put a FIFO there.
#[test]
#[ignore = "needs tests/ns/enter"]
fn explain_does_not_wait_at_a_fifo() {
    let world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let fifo = world.path("id.pub");
    run(&["mkfifo", &fifo.display().to_string()]);
    let out = Command::new("timeout")
        .args(["5", "/usr/sbin/pam-2fa", "--runtime-dir"])
        .arg(world.path("run"))
        .args(["explain", &ada.host.name, "--service", "sshd", "--from", HERE, "--key"])
        .arg(&fifo)
        .output()
        .unwrap();
    assert_ne!(out.status.code(), Some(124), "it hangs");
}

/// A host program that connected before a reload was answered and speaks after it.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_login_that_speaks_after_a_reload_is_decided_by_the_settings_after_it() {
    let world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let console = fields(&ada.host.name, "login", r#""tty":"tty1""#);
    remembered(&world, &ada, &console, 1);
    let mut early = Login(UnixStream::connect(world.path("run/login.sock")).unwrap());
    early.0.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let settings = fs::read_to_string(world.config_file()).unwrap();
    fs::write(world.config_file(), settings.replace("desktop = \"1 day\"", "desktop = \"0 minutes\"")).unwrap();
    command(&world, &["config", "reload"]);
    let reply = early.call(BEGIN, &console);
    assert!(reply.contains("\"ask\""), "{reply}");
}

/// A device is worth no more than a code, and yet a damaged row of one seals the host: as any other row does (rule 10).
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_damaged_row_of_a_device_seals_and_lets_nobody_in() {
    let mut world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let console = fields(&ada.host.name, "login", r#""tty":"tty1""#);
    remembered(&world, &ada, &console, 1);
    let _ = world.stop_configd();
    let file = world.path("state/state.db");
    let mut bytes = fs::read(&file).unwrap();
    let mut count = 0;
    for at in 0..bytes.len().saturating_sub(13) {
        if bytes.get(at..at.saturating_add(13)) == Some(b"console seat0") {
            bytes[at.saturating_add(12)] = b'1';
            count += 1;
        }
    }
    assert!(count > 0);
    fs::write(&file, bytes).unwrap();
    world.start_configd();
    let (_, reply) = Login::begin(&world, &console);
    assert!(reply.contains("io.pam2fa.Login.Sealed"), "{reply}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_authentication_list_that_is_odd_is_no_device_and_no_crash() {
    let world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let key = new_key(&world, "k");
    let good = public(&key).split(' ').take(2).collect::<Vec<_>>().join(" ");
    let with = |info: &str| fields(&ada.host.name, "sshd", &format!(r#""remote_host":"{HERE}","auth_info":"{info}""#));
    remembered(&world, &ada, &with(&format!("publickey {good}\\n")), 1);
    let other = public(&new_key(&world, "o")).split(' ').take(2).collect::<Vec<_>>().join(" ");
    let nine = (0..9).map(|_| format!("publickey {good}\\n")).collect::<String>();
    for info in [
        format!("publickey {good} x"),
        format!("publickey  {good}"),
        format!("publickey {good}=\\n"),
        format!("publickey {good}\\npublickey {other}\\n"),
        format!("publickey {good}\\npublickey ssh-ed25519 !!!!\\n"),
        format!("publickey {good}\\rpublickey {other}\\n"),
        format!("password\\u0000publickey {good}"),
        format!("hostbased {good}\\n"),
        format!("PUBLICKEY {good}\\n"),
        format!(" publickey {good}\\n"),
        format!("publickey\\t{good}\\n"),
        String::from("publickey ssh-ed25519 \\n"),
        String::from("publickey"),
        String::from("\\n\\n\\n"),
        nine,
    ] {
        let (_, reply) = Login::begin(&world, &with(&info));
        assert!(reply.contains("\"ask\""), "{info}: {reply}");
    }
    let (_, reply) = Login::begin(&world, &with(&"A".repeat(20_000)));
    assert!(!reply.contains("\"step\""), "{reply}");
    let (_, reply) = Login::begin(&world, &with(&format!("publickey {good}\\n")));
    assert!(reply.contains("\"allow\""), "{reply}");
}

// 4. admin.sock.

#[test]
#[ignore = "needs tests/ns/enter"]
fn nobody_but_root_lists_or_revokes_devices_even_where_the_sockets_mode_is_wrong() {
    let world = Plan::default().settings(ALL).start();
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    remembered(&world, &ada, &fields(&ada.host.name, "login", r#""tty":"tty1""#), 1);
    let revoke = format!(r#"{{"user":"{}"}}"#, ada.host.name);
    for mode in [0o600, 0o666] {
        fs::set_permissions(world.path("run/admin.sock"), fs::Permissions::from_mode(mode)).unwrap();
        for uid in [bob.host.uid, ada.host.uid, 65_534] {
            for (method, parameters) in [
                ("DeviceList", "{}"),
                ("DeviceRevoke", revoke.as_str()),
                ("Explain", "{}"),
                ("DeviceRevoke", r#"{"ids":["AAAAAAAA"]}"#),
            ] {
                let out = call_as(&world, uid, "run/admin.sock", &format!("io.pam2fa.Admin.{method}"), parameters);
                let said = text_of(&out);
                assert!(
                    out.status.code() == Some(3) || said.contains("NotPermitted") || out.status.code() == Some(4),
                    "{said}"
                );
                assert!(!said.contains("seat0"), "{said}");
            }
        }
    }
    assert!(command(&world, &["device", "list", &ada.host.name]).contains("seat0"));
}
