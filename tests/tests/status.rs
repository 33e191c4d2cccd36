//! How it is, as root, a member of `pam-2fa-status` and everybody else are told it, by the daemons as they run; and the log as it
//! is followed over a restart.

#![expect(clippy::expect_used, clippy::panic, reason = "a stage that cannot be set fails the test")]

use e2e::daemon::COMMAND;
use e2e::terminal::Terminal;
use e2e::world::{Plan, World, text_of};
use e2e::{mailbox, varlink, wait};
use serde_json::Value;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Output};

/// The command as another user, with that user's groups and one more or none.
fn as_user(world: &World, name: &str, group: Option<&str>, words: &[&str]) -> Output {
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={name}"), &format!("--regid={name}")]);
    command.arg(group.map_or_else(|| String::from("--clear-groups"), |group| format!("--groups={group}")));
    command.arg(COMMAND).arg("--runtime-dir").arg(world.path("run")).arg("--config").arg(world.config_file());
    command.args(words).output().expect("run setpriv")
}

fn json(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{error}: {}", text_of(out)))
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_member_of_the_group_sees_how_it_is_and_no_name_address_or_secret_and_nobody_else_sees_it() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let monitor = world.stranger("monitor").host.name;
    let about = std::fs::metadata(world.path("run/status.sock")).expect("look at status.sock");
    assert_eq!((about.uid(), about.permissions().mode() & 0o777), (0, 0o660));
    let group = std::fs::read_to_string("/etc/group").expect("read the groups");
    assert!(group.contains(&format!("pam-2fa-status:x:{}:", about.gid())), "{group}");

    // Something that could be told: a server that nobody reaches, a reload that is refused, a courier that is away.
    let mut world = world;
    world.kill_courier();
    let settings = std::fs::read_to_string(world.config_file()).expect("read the settings");
    let changed = settings.replace("application", "aplication");
    std::fs::write(world.config_file(), changed).expect("write the settings");
    assert!(!world.command(&["config", "reload"]).status.success());
    let root = json(&world.command(&["status", "--json"]));
    assert!(root["status"]["unhealthy"].as_array().is_some_and(|all| all.len() > 1), "{root}");

    for words in [&["status"][..], &["status", "--json"], &["status", "--metrics"]] {
        let out = as_user(&world, &monitor, Some("pam-2fa-status"), words);
        let text = text_of(&out);
        assert!(out.status.success(), "{words:?}: {text}");
        for secret in [
            ada.host.name.as_str(),
            &ada.email,
            "example.test",
            "pw123",
            "Example Corp",
            "config.toml",
            "/run/world",
            "localhost",
        ] {
            assert!(!text.contains(secret), "{words:?} has {secret}:\n{text}");
        }
        assert!(text.contains("degraded") && text.contains("reload") && text.contains("courier"), "{words:?}: {text}");
    }
    let told = json(&as_user(&world, &monitor, Some("pam-2fa-status"), &["status", "--json"]));
    let since = |of: &Value, kind: &str| {
        let all = of["status"]["unhealthy"].as_array().expect("problems");
        all.iter().find(|problem| problem["kind"] == kind).map(|problem| problem["since"].clone())
    };
    for kind in ["courier", "reload"] {
        assert!(since(&root, kind).is_some(), "{root}");
        assert_eq!(since(&told, kind), since(&root, kind), "since when it is stays the same");
    }
    let ended = as_user(&world, &monitor, Some("pam-2fa-status"), &["status", "--check"]);
    assert_eq!(ended.status.code(), Some(1));

    let refused = as_user(&world, &monitor, None, &["status"]);
    let text = text_of(&refused);
    assert_eq!((refused.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.starts_with("pam-2fa: this needs root, or a member of the group pam-2fa-status"), "{text}");
    // Nor is there anything else at that socket, and no other socket is opened by the group.
    let other = as_user(&world, &monitor, Some("pam-2fa-status"), &["user", "list"]);
    assert_eq!(text_of(&other), "pam-2fa: this needs root; run it with sudo\n");
    let socket = world.path("run/status.sock");
    for method in ["io.pam2fa.Admin.Status", "io.pam2fa.Admin.UserList", "io.pam2fa.Status.Nonsense"] {
        let said = String::from_utf8_lossy(&varlink::call(&socket, method, "{}").expect("a reply")).into_owned();
        assert!(said.contains("NotFound") && !said.contains("parameters\":{\"status"), "{method}: {said}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_socket_that_somebody_opened_to_everybody_tells_nobody_but_root() {
    let world = Plan::default().start();
    let monitor = world.stranger("monitor").host.name;
    std::fs::set_permissions(world.path("run/status.sock"), PermissionsExt::from_mode(0o666)).expect("chmod");
    for group in [None, Some("pam-2fa-status")] {
        let out = as_user(&world, &monitor, group, &["status"]);
        assert_eq!(out.status.code(), Some(1), "{}", text_of(&out));
        assert!(text_of(&out).contains("takes no orders from this process"), "{}", text_of(&out));
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_confines_both_daemons_is_what_the_kernel_says_of_them() {
    let mut world = Plan::default().start();
    let in_force = |world: &World| -> Vec<String> {
        let status = json(&world.command(&["status", "--json"]));
        let sandboxes = status["status"]["sandboxes"].as_array().expect("sandboxes").clone();
        let each = sandboxes.iter().flat_map(|sandbox| {
            let of = sandbox["process"].as_str().unwrap_or_default();
            let measures = sandbox["measures"].as_array().cloned().unwrap_or_default();
            let on = measures.into_iter().filter(|measure| measure["on"] == true);
            on.map(move |measure| format!("{of} {}", measure["name"].as_str().unwrap_or_default())).collect::<Vec<_>>()
        });
        each.collect()
    };
    let by_hand = in_force(&world);
    for expected in [
        "configd not_root",
        "configd no_new_privileges",
        "configd no_core_files",
        // What each takes from itself, and what the kernel says of it.
        "configd no_network",
        "configd own_filter",
        "configd landlock",
        "configd not_dumpable",
        "configd key_locked",
        "courier not_root",
        "courier no_new_privileges",
        "courier own_filter",
        "courier landlock",
        "courier not_dumpable",
    ] {
        assert!(by_hand.iter().any(|measure| measure == expected), "{expected}: {by_hand:?}");
    }
    for absent in ["configd system_calls_filtered", "configd files_read_only", "courier files_read_only"] {
        assert!(
            !by_hand.iter().any(|measure| measure == absent),
            "started by hand, nothing gives it {absent}: {by_hand:?}"
        );
    }
    world.kill_courier();
    assert!(!in_force(&world).iter().any(|measure| measure.starts_with("courier ")));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_way_that_fails_is_told_since_when_with_its_last_success_and_both_stay_after_it_works_again() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let email = |world: &World| json(&world.command(&["status", "--json"]))["status"]["channels"][0].clone();
    assert!(world.command(&["test", "email", &ada.email]).status.success());
    let first = email(&world);
    assert!(first["last_success"].is_string() && first["last_error"].is_null() && first["accepted"] == 1, "{first}");
    world.kill_courier();
    for _ in 0..2 {
        assert!(!world.command(&["test", "email", &ada.email]).status.success());
    }
    let failing = email(&world);
    assert!(failing["failing_since"].is_string() && failing["failed"] == 2, "{failing}");
    assert_eq!(failing["last_success"], first["last_success"]);
    let text = text_of(&world.command(&["status"]));
    assert!(text.contains("email: the last message was not taken") && text.contains("(since "), "{text}");
    world.start_courier();
    assert!(world.command(&["test", "email", &ada.email]).status.success());
    let again = email(&world);
    assert!(again["failing_since"].is_null() && again["last_error"].is_string(), "{again}");
    assert_eq!((&again["accepted"], &again["failed"]), (&Value::from(2), &Value::from(2)), "{again}");
    let well = world.command(&["status", "--check"]);
    assert!(!text_of(&well).contains("not taken"), "what works is no problem: {}", text_of(&well));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_log_that_is_followed_goes_on_over_a_killed_daemon_and_shows_each_login_once() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let log_in = |world: &World, mails: usize| {
        let mut ssh = world.ssh(&ada).open_with_password();
        ssh.wait_for_code_prompt();
        ssh.type_line(&mailbox::wait_for_code(&ada.email, mails).code());
        ssh.prove_shell();
    };
    let words = ["--runtime-dir", world.path("run").to_str().expect("a path"), "log", "--follow"].map(str::to_owned);
    let mut log = Terminal::open(COMMAND, &words);
    // Whether it follows by now nobody is told: what is changed after it does is shown.
    let mut languages = ["de", "en"].into_iter().cycle();
    wait::until("the log to be followed", || {
        let language = languages.next()?;
        assert!(world.command(&["user", "set", &ada.host.name, "--language", language]).status.success());
        log.text().contains("change").then_some(())
    });
    log_in(&world, 1);
    log.wait_for("code-by-email");
    world.kill_configd();
    log.wait_for("configd has ended the connection");
    world.start_configd();
    log_in(&world, 2);
    log.wait_for("code-by-email");
    assert_eq!(log.count("allow"), 2, "{}", log.text());
    assert_ne!(log.interrupt().code(), Some(0));
}
