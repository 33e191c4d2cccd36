//! Let in without a code: trust of somebody or something else.

use super::common::*;
use e2e::host::{Sshd, Stack};
use e2e::programs::Programs;
use e2e::ssh::{PASSWORD, Ssh};
use e2e::world::{Plan, text_of};
use std::fs;
use std::path::Path;

#[test]
#[ignore = "needs tests/ns/enter"]
fn keys_offered_before_the_accepted_one_lend_it_no_trust() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let (a, b) = (world.key(&ada), new_key(&world, "other"));
    asked(key_login(&world, &ada, &a, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &a, HERE).open());
    // A is no key of hers any more, B is: A is offered first, proven to be had, and refused.
    fs::write(world.path("authorized").join(&ada.host.name), public(&b)).unwrap();
    let both = key_login(&world, &ada, &b, HERE).option(&format!("IdentityFile={}", a.display()));
    assert!(asks(both.open()));
    // Both are; B is offered and accepted first.
    fs::write(world.path("authorized").join(&ada.host.name), format!("{}{}", public(&a), public(&b))).unwrap();
    let both = key_login(&world, &ada, &a, HERE).option(&format!("IdentityFile={}", b.display()));
    assert!(asks(both.open()));
    not_asked(key_login(&world, &ada, &a, HERE).open());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_two_keys_wanted_one_of_the_two_is_another_device() {
    let plan = Plan::default().stack(Stack::KeyProven);
    let world = plan.sshd("AuthenticationMethods publickey,publickey,keyboard-interactive").settings(ALL).start();
    let ada = person(&world, "ada");
    let keys = [world.key(&ada), new_key(&world, "b"), new_key(&world, "c")];
    fs::write(world.path("authorized").join(&ada.host.name), keys.each_ref().map(|key| public(key)).concat()).unwrap();
    let with = |first: usize, second: usize| {
        key_login(&world, &ada, &keys[first], HERE).option(&format!("IdentityFile={}", keys[second].display())).open()
    };
    asked(with(0, 1), &ada, 1);
    not_asked(with(0, 1));
    not_asked(with(1, 0));
    assert!(asks(with(0, 2)));
    assert!(asks(with(2, 1)));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_key_that_two_users_share_is_trusted_for_the_one_who_gave_a_code() {
    let world = by_key(ALL);
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let key = world.key(&ada);
    fs::copy(world.path("authorized").join(&ada.host.name), world.path("authorized").join(&bob.host.name)).unwrap();
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    assert!(asks(key_login(&world, &bob, &key, HERE).open()));
    // A certificate for both of them.
    let authority = new_key(&world, "authority");
    for who in [&ada, &bob] {
        let line = format!("cert-authority {}", public(&authority));
        fs::write(world.path("authorized").join(&who.host.name), line).unwrap();
    }
    let principals = format!("{},{}", ada.host.name, bob.host.name);
    let file = format!("{}.pub", key.display());
    run(&["ssh-keygen", "-q", "-s", &authority.display().to_string(), "-I", "both", "-n", &principals, &file]);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    assert!(asks(key_login(&world, &bob, &key, HERE).open()));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_an_ssh_client_or_a_home_sets_in_the_environment_is_no_device() {
    let plan = Plan::default().sshd("AcceptEnv *\nPermitUserEnvironment yes").stack(Stack::Password);
    let world = plan.settings(ALL).start();
    let ada = person(&world, "ada");
    let key = new_key(&world, "laptop");
    let blob = public(&key);
    let blob = blob.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let of_key = fields(
        &ada.host.name,
        "sshd",
        &format!(r#""tty":"ssh","remote_host":"{HERE}","auth_info":"publickey {blob}\n""#),
    );
    remembered(&world, &ada, &of_key, 1);
    let console = fields(&ada.host.name, "login", r#""tty":"tty1""#);
    remembered(&world, &ada, &console, 2);
    let home = Path::new("/home").join(&ada.host.name);
    fs::create_dir(home.join(".ssh")).unwrap();
    let lie = format!("SSH_AUTH_INFO_0=publickey {blob}\nXDG_SEAT=seat0\nPAM_TTY=tty1\nPAM_RHOST=\nDISPLAY=:0\n");
    fs::write(home.join(".ssh/environment"), &lie).unwrap();
    fs::write(home.join(".pam_environment"), &lie).unwrap();
    let ssh = world.ssh(&ada).from(HERE).option(&format!(
        "SetEnv=SSH_AUTH_INFO_0=\"publickey {blob}\" XDG_SEAT=seat0 PAM_TTY=tty1 DISPLAY=:0 LC_ALL=C"
    ));
    assert!(asks(ssh.open_with_password()));
}

/// As SUSE's common-auth had it (CVE-2025-6018). pam_env reads the home's file in pam_setcred, after us: were it before us, what a home
/// says would stand where sshd's word is.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_pam_environment_of_the_home_is_not_taken_for_the_word_of_sshd() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    let second = world.path("suse");
    fs::create_dir(&second).unwrap();
    let socket = format!("socket={}", world.path("run/login.sock").display());
    let stack = format!("auth required pam_env.so user_readenv=1\n{}", Stack::KeyProven.text(&socket));
    let sshd = Sshd::start(&second, &stack, "");
    let home = Path::new("/home").join(&ada.host.name);
    let blob = public(&key);
    let blob = blob.split(' ').take(2).collect::<Vec<_>>().join(" ");
    fs::write(home.join(".pam_environment"), format!("SSH_AUTH_INFO_0 OVERRIDE=\"publickey {blob}\"\n")).unwrap();
    // No key at all, from the same address.
    let mut ssh = Ssh::new(&ada.host.name, sshd.port).from(HERE).open();
    ssh.wait_for("Password:");
    ssh.type_line(PASSWORD);
    assert!(asks(ssh), "taken for her key");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn nothing_that_a_process_of_the_user_claims_is_a_device() {
    let world = Plan::default().settings(ALL).start();
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let name = &ada.host.name;
    let uid = ada.host.uid;
    let all = [
        fields(name, "sudo", &format!(r#""session":7,"real_uid":{uid},"remote_user":"{name}""#)),
        fields(name, "login", r#""tty":"tty1","seat":"seat0","real_uid":0"#),
        fields(name, "cockpit", &format!(r#""remote_host":"{HERE}""#)),
    ];
    for (number, one) in all.iter().enumerate() {
        remembered(&world, &ada, one, number.saturating_add(1));
    }
    for one in &all {
        let out = call_as(&world, uid, "run/login.sock", BEGIN, one);
        let reply = text_of(&out);
        assert!(reply.contains("\"ask\""), "{one}: {reply}");
        let out = call_as(&world, bob.host.uid, "run/login.sock", BEGIN, one);
        assert!(text_of(&out).contains("NotPermitted"), "{one}: {}", text_of(&out));
    }
    // Neither did it end anything, nor does a stamp that they claim.
    let lie =
        fields(name, "sudo", &format!(r#""session":7,"real_uid":{uid},"remote_user":"{name}","password_stamp":"00""#));
    let _ = call_as(&world, uid, "run/login.sock", BEGIN, &lie);
    for one in &all {
        assert!(Login::begin(&world, one).1.contains("\"allow\""), "{one}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn no_terminal_seat_or_host_that_is_nearly_the_remembered_one_is_trusted() {
    let world = Plan::default().settings(ALL).start();
    let ada = person(&world, "ada");
    let name = &ada.host.name;
    remembered(&world, &ada, &fields(name, "login", r#""tty":"tty1""#), 1);
    remembered(&world, &ada, &fields(name, "cockpit", r#""remote_host":"2001:db8::5""#), 2);
    remembered(&world, &ada, &fields(name, "su", r#""session":7,"real_uid":1000,"remote_user":"bob""#), 3);
    for (service, more) in [
        ("login", r#""tty":"pts/1""#),
        ("login", r#""tty":"tty1","remote_host":"203.0.113.5""#),
        ("login", r#""tty":"tty1","remote_host":"localhost""#),
        ("login", r#""tty":":0.0""#),
        ("login", r#""tty":"host:0""#),
        ("login", r#""tty":"localhost:10.0""#),
        ("login", r#""tty":"tty1\u0000""#),
        ("login", r#""tty":"/dev//tty1""#),
        ("login", r#""tty":"/dev/../dev/tty1""#),
        ("login", r#""tty":"tty""#),
        ("login", r#""tty":"tty\u0661""#),
        ("login", r#""tty":"console""#),
        ("login", r#""tty":"pts/1","seat":"seat0""#),
        ("login", r#""tty":"ttyS0","seat":"seat0""#),
        ("login", r#""seat":"seat0 ""#),
        ("login", r#""seat":"seat1""#),
        ("login", r#""seat":"SEAT0""#),
        ("login", r#""remote_host":"2001:db8::5","tty":"tty1""#),
        ("sshd", r#""tty":"tty1""#),
        ("sudo", r#""tty":"tty1","session":7"#),
        ("vsftpd", r#""tty":"tty1""#),
        ("cockpit", r#""remote_host":"2001:db8::5%lo""#),
        ("cockpit", r#""remote_host":"[2001:db8::5]""#),
        ("cockpit", r#""remote_host":"2001:db8::5 ""#),
        ("cockpit", r#""remote_host":"2001:db8::5, 203.0.113.9""#),
        ("cockpit", r#""remote_host":"2001:db8:0:1::5""#),
        ("cockpit", r#""remote_host":"::ffff:203.0.113.5""#),
        ("sshd", r#""remote_host":"2001:db8::5""#),
        ("su", r#""session":8,"real_uid":1000,"remote_user":"bob""#),
        ("su", r#""session":7,"real_uid":1001,"remote_user":"bob""#),
        ("su", r#""session":7,"real_uid":1000,"remote_user":"bob ""#),
        ("su", r#""session":7,"real_uid":1000,"remote_user":"b\u043eb""#),
        ("su", r#""session":7,"real_uid":1000"#),
        ("su", r#""session":-7,"real_uid":1000,"remote_user":"bob""#),
        ("su", r#""session":7,"real_uid":0,"remote_user":"bob""#),
        ("su", r#""real_uid":1000,"remote_user":"bob""#),
        ("su", r#""session":7,"remote_user":"bob""#),
    ] {
        let (_, reply) = Login::begin(&world, &fields(name, service, more));
        assert!(!reply.contains("\"allow\"") && !reply.contains("not_subject"), "{service} {more}: {reply}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_session_cannot_be_taken_over_by_writing_ones_loginuid_nor_by_another_users_shell_in_it() {
    let world = Plan::default().settings(ALL).start();
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let programs = Programs::of(&world);
    let mut trusted = shell_in_a_session(&programs, &ada);
    assert!(elevate(&mut trusted, "sudo -k sh -c", PASSWORD, &ada, 1));
    assert!(!elevate(&mut trusted, "sudo -k sh -c", PASSWORD, &ada, 2));
    assert!(elevate(&mut trusted, &format!("su {} -c", bob.host.name), PASSWORD, &bob, 1));
    // One who is not logged in may write any uid there, and gets a session that nobody had.
    let mut thief = programs.open_as(&ada.host, &["sh"]);
    thief.wait_for("$ ");
    thief.type_line(&format!("echo {} > /proc/self/loginuid; cat /proc/self/sessionid; echo", ada.host.uid));
    thief.wait_for("$ ");
    assert!(elevate(&mut thief, "sudo -k sh -c", PASSWORD, &ada, 2), "{}", thief.text());
    // One who is, may not.
    trusted.type_line("echo 0 > /proc/self/loginuid; echo 5 > /proc/self/sessionid; echo tried-$((1+1))");
    trusted.wait_for("tried-2");
    trusted.wait_for("$ ");
    // bob, in ada's session: her trust is not his, for sudo as for su.
    trusted.type_line(&format!("su {}", bob.host.name));
    trusted.wait_for("Password: ");
    trusted.type_line(PASSWORD);
    trusted.wait_for("$ ");
    assert!(elevate(&mut trusted, "sudo -k sh -c", PASSWORD, &bob, 2));
    assert!(elevate(&mut trusted, &format!("su {} -c", ada.host.name), PASSWORD, &ada, 3));
    // sudo inside sudo, with another target and another service.
    trusted.type_line("exit");
    trusted.wait_for("$ ");
    trusted.type_line("echo i-am-$(id -un)");
    trusted.wait_for(&format!("i-am-{}", ada.host.name));
    trusted.wait_for("$ ");
    assert!(!elevate(&mut trusted, &format!("sudo -k -u {} sh -c", bob.host.name), PASSWORD, &ada, 4));
    // What is shared by design: the same caller and the same one named, whatever the program.
    assert!(!elevate(&mut trusted, &format!("su {} -c", ada.host.name), PASSWORD, &ada, 4));
}
