//! Text messages on a host: the courier under its own user, the daemon that seals accounts, and what `status` says. Logins by text
//! message are told elsewhere.

use e2e::sms_gateway::{Gateway, Play, TOKEN};
use e2e::world::{Plan, World, text_of};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A message to +15550100 as configd's user sends it; the courier's reply.
fn send(world: &World, provider: &str, account: &str) -> String {
    world.send_text(
        Path::new(env!("CARGO_BIN_EXE_varlink_call")),
        (provider, account),
        "+15550100",
        "491823 is your code",
    )
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_courier_under_its_own_user_reads_the_shipped_files_and_an_administrators_before_them() {
    let world = Plan::default().with_texts().start();
    let account = format!("{{\"url\":\"{}\",\"token\":\"{TOKEN}\"}}", world.gateway().url());
    let reply = send(&world, "http", &account);
    assert!(reply.contains("\"class\":\"accepted\""), "{reply}\n{}", world.logs());
    let [text] = world.texts().try_into().expect("one message");
    assert_eq!((text.to.as_str(), text.code().as_str()), ("+15550100", "491823"));

    let ours = world.path("etc/providers");
    let installed = Command::new("install").args(["-d", "-m", "0755"]).arg(&ours).status().expect("run install");
    assert!(installed.success());
    let shipped = fs::read_to_string("/usr/share/pam-2fa/providers/http.toml").expect("a shipped file");
    fs::write(ours.join("http.toml"), shipped.replace("to = \"{to}\"", "to = \"{to.digits}\"")).expect("write a file");
    let reply = send(&world, "http", &account);
    assert!(reply.contains("\"class\":\"accepted\""), "{reply}");
    assert_eq!(world.texts()[1].to, "15550100");

    let done = Command::new("chown").arg("pam-2fa-courier").arg(ours.join("http.toml")).status().expect("run chown");
    assert!(done.success());
    let reply = send(&world, "http", &account);
    assert!(reply.contains("\"reason\":\"config\"") && reply.contains("not root"), "{reply}");
    assert_eq!(world.gateway().arrived().len(), 2, "not even the courier's own user may write one");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_fields_of_an_account_are_sealed_each_under_its_own_name_and_status_knows_the_provider() {
    let world = Plan::default().with_texts().start();
    let out = text_of(&world.command(&["config", "seal"]));
    assert!(out.contains("sealed email.password, sms.account.token, sms.account.url"), "{out}");
    let text = fs::read_to_string(world.config_file()).expect("config.toml");
    assert!(!text.contains(TOKEN) && !text.contains(&world.gateway().url()), "{text}");
    let status = text_of(&world.command(&["status"]));
    assert!(status.contains("sms") && status.contains("http, nothing accepted yet"), "{status}");

    // A value moved to another name is worth nothing there, and the settings are refused.
    let sealed = text.split("token = ").nth(1).and_then(|rest| rest.split('"').nth(1)).expect("a sealed token");
    let url = text.split("url = ").nth(1).and_then(|rest| rest.split('"').nth(1)).expect("a sealed URL");
    fs::write(world.config_file(), text.replace(url, sealed)).expect("write config.toml");
    let out = text_of(&world.command(&["config", "reload"]));
    assert!(out.contains("sms.account.url: "), "{out}");
    assert!(!out.contains("sms.account.token: "), "{out}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_answer_that_proves_nothing_is_told_without_the_code_and_the_token() {
    let world = Plan::default().with_texts().start();
    world.gateway().play([Play::say(200, &format!("<p>491823 {TOKEN}</p>"))]);
    let account = format!("{{\"url\":\"{}\",\"token\":\"{TOKEN}\"}}", world.gateway().url());
    let reply = send(&world, "http", &account);
    assert!(reply.contains("\"class\":\"temporary\",\"reason\":\"unrecognised\""), "{reply}");
    for told in [reply, world.logs()] {
        assert!(!told.contains("491823") && !told.contains(TOKEN), "{told}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_test_message_is_carried_counted_and_opens_nothing() {
    let world = Plan::default().with_texts().start();
    let ada = world.person("ada");
    let to = "+15550100";
    let set = world.command(&["user", "set", &ada.host.name, "--phone", to, "--trusted", "--prefer", "sms"]);
    assert!(set.status.success(), "{}", text_of(&set));
    let out = world.command(&["test", "sms", to]);
    let said = text_of(&out);
    assert!(out.status.success() && said.contains("accepted: "), "{said}\n{}", world.logs());
    let [text] = world.texts().try_into().expect("one message");
    assert!(text.to == to && text.text.contains("(TEST)"), "{text:?}");
    assert!(!said.contains(&text.code()) && !world.logs().contains(&text.code()), "{said}");
    assert!(text_of(&world.command(&["status"])).contains("1 of 500 in 24 h"));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&text.code());
    ssh.wait_for("Wrong code");
    // A token that is wrong: the provider's own words, and what to do.
    world.gateway().play([Play::say(401, "{\"error\":\"unknown token\"}")]);
    let out = world.command(&["test", "sms", to]);
    assert!(!out.status.success() && text_of(&out).contains("sms.account"), "{}", text_of(&out));
}

/// From a file to a message, as an administrator goes: wrong first, then right, with nothing to restart.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_file_of_ones_own_is_checked_used_and_listed() {
    let world = Plan::default().with_texts().start();
    let ours = world.path("etc/providers");
    assert!(Command::new("install").args(["-d", "-m", "0755"]).arg(&ours).status().expect("run install").success());
    let file = ours.join("mine.toml").display().to_string();
    let shipped = fs::read_to_string("/usr/share/pam-2fa/providers/http.toml").expect("a shipped file");
    let mine = shipped.replace("id = \"http\"", "id = \"mine\"").replace("of your own (JSON", "called Mine (JSON");
    // Each of what a lint is for: a value that there is not, a field that is not used, a secret in the URL, no proof, plain http.
    for (is, wrong, says) in [
        ("to = \"{to}\"", "to = \"{to.number}\"", "there is no such value"),
        ("auth = { type = \"bearer\", token = \"{acct.token?}\" }", "", "token: this field is not used"),
        ("url = \"{acct.url}\"", "url = \"{acct.url}/{code}\"", "which servers and proxies log"),
        ("accept = [{ path = \"id\", exists = true }, { path = \"error\", exists = false }]", "", "accept: is missing"),
        ("url = \"{acct.url}\"", "url = \"http://sms.example.com\"", "this field is not used"),
    ] {
        assert!(mine.contains(is), "{is}");
        fs::write(&file, mine.replace(is, wrong)).expect("write a file");
        let out = world.command(&["provider", "check", &file]);
        assert!(!out.status.success() && text_of(&out).contains(says), "{says}: {}", text_of(&out));
    }
    fs::write(
        &file,
        mine.replace("allow_http = \"loopback-or-private\"\n", "").replace("{acct.url}", "http://{acct.url}"),
    )
    .expect("write");
    assert!(text_of(&world.command(&["provider", "check", &file])).contains("plain http"));

    fs::write(&file, mine).expect("write a file");
    assert!(world.command(&["provider", "check", &file]).status.success());
    let config = fs::read_to_string(world.config_file()).expect("config.toml");
    fs::write(world.config_file(), config.replace("provider = \"http\"", "provider = \"mine\""))
        .expect("write config.toml");
    assert!(world.command(&["config", "reload"]).status.success());
    let said = text_of(&world.command(&["test", "sms", "+15550100"]));
    assert!(said.contains("as mine.toml says") && said.contains("accepted: "), "{said}\n{}", world.logs());
    assert_eq!(world.texts().len(), 1);
    let listed = text_of(&world.command(&["provider", "list"]));
    let line = listed.lines().find(|line| line.starts_with("mine ")).unwrap_or_else(|| panic!("{listed}"));
    assert!(line.contains("own") && line.contains("in use"), "{line}");
    let shown = text_of(&world.command(&["provider", "show", "mine"]));
    assert!(shown.contains("mine: A gateway called Mine") && shown.contains("secret; may be left out"), "{shown}");
    let unproven = listed.lines().filter(|line| line.contains(" unproven")).count();
    assert!(unproven > 0 && listed.contains("not enough was found that others wrote"), "{listed}");

    // Writable to others, it is not believed any more, and neither are its words.
    assert!(Command::new("chmod").args(["o+w", &file]).status().expect("run chmod").success());
    let said = text_of(&world.command(&["test", "sms", "+15550100"]));
    assert!(said.contains("lets others write it"), "{said}");
    assert_eq!(world.texts().len(), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_test_by_a_backup_goes_to_the_backup() {
    let second = Gateway::start();
    let backup = format!(
        "[[sms.backup]]\nname = \"second\"\nprovider = \"http\"\naccount = {{ url = \"{}\", token = \"{TOKEN}\" }}\n",
        second.url()
    );
    let world = Plan::default().with_texts().settings(&backup).start();
    let said = text_of(&world.command(&["test", "sms", "+15550100", "--by", "second"]));
    assert!(said.contains("accepted: "), "{said}");
    assert_eq!((world.texts().len(), second.taken().len()), (0, 1));
    let out = world.command(&["test", "sms", "+15550100", "--by", "third"]);
    let said = text_of(&out);
    assert!(
        !out.status.success()
            && said.contains("third: there is no such provider in the settings; there are sms, second"),
        "{said}"
    );
}
