//! Text messages on a host: the courier under its own user, the daemon that seals accounts, and what `status` says. Logins by text
//! message are told elsewhere.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use e2e::sms_gateway::{Play, TOKEN};
use e2e::world::{Plan, World, text_of};
use std::fs;
use std::path::Path;
use std::process::Command;

const SEND: &str = "io.pam2fa.Courier.Send";

/// A message to +15550100 as configd's user sends it; the courier's reply.
fn send(world: &World, provider: &str, account: &str) -> String {
    let parameters = format!(
        "{{\"id\":\"K7Q2M9XD-1\",\"attempt\":1,\"deadline_ms\":20000,\"expires_at\":\"2099-01-01T00:00:00Z\",\"sms\":{{\
         \"provider\":\"{provider}\",\"account\":{account},\"to\":\"+15550100\",\"text\":\"491823 is your code\",\
         \"code\":\"491823\",\"tag\":\"7F\"}}}}"
    );
    let socket = world.path("run/courier.sock").display().to_string();
    let id = Command::new("id").args(["-u", "pam-2fa"]).output().expect("run id");
    let uid = text_of(&id).trim().parse().expect("a uid");
    let out = world.run_as(uid, Path::new(env!("CARGO_BIN_EXE_varlink_call")), &[socket, SEND.to_owned(), parameters]);
    text_of(&out)
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
