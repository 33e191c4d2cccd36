//! Who may ask what: root for anyone, another user for himself alone, and nobody else at all. Known from the kernel, not from
//! what is claimed.

use e2e::mailbox;
use e2e::world::{Plan, World};
use std::path::Path;
use std::process::Output;

/// One call on a socket of `world`, as another user.
fn call_as(world: &World, uid: u32, socket: &str, method: &str, parameters: &str) -> Output {
    let words = [&*world.path(socket).to_string_lossy(), method, parameters].map(str::to_owned);
    world.run_as(uid, Path::new(env!("CARGO_BIN_EXE_varlink_call")), &words)
}

fn begin(user: &str) -> String {
    format!(r#"{{"version":1,"user":"{user}","service":"sshd","remote_host":"203.0.113.5"}}"#)
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn another_user_may_not_ask_for_someone_else_and_nothing_is_sent() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let out = call_as(&world, bob.host.uid, "run/login.sock", "io.pam2fa.Login.Begin", &begin(&ada.host.name));
    let reply = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(reply.contains("io.pam2fa.Login.NotPermitted"), "{reply} {}", String::from_utf8_lossy(&out.stderr));
    let out = call_as(&world, bob.host.uid, "run/login.sock", "io.pam2fa.Login.Begin", &begin("root"));
    assert!(String::from_utf8_lossy(&out.stdout).contains("io.pam2fa.Login.NotPermitted"));
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn another_user_may_ask_for_himself() {
    let world = Plan::default().start();
    let bob = world.person("bob");
    let out = call_as(&world, bob.host.uid, "run/login.sock", "io.pam2fa.Login.Begin", &begin(&bob.host.name));
    let reply = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(reply.contains("\"step\"") && !reply.contains("\"allow\""), "{reply}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_administrators_socket_and_the_couriers_take_nobody_else() {
    let world = Plan::default().start();
    let bob = world.person("bob");
    for (socket, method) in
        [("run/admin.sock", "io.pam2fa.Admin.Status"), ("run/courier.sock", "org.varlink.service.GetInfo")]
    {
        let out = call_as(&world, bob.host.uid, socket, method, "{}");
        assert_eq!(out.status.code(), Some(3), "{socket}: {}", String::from_utf8_lossy(&out.stdout));
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn forty_rounds_that_are_begun_and_dropped_send_one_mail() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    // Each round of sshd is one connection of the module: this is what forty of them look like to the daemon.
    for _ in 0..40 {
        let out = call_as(&world, 0, "run/login.sock", "io.pam2fa.Login.Begin", &begin(&ada.host.name));
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    assert!(mailbox::count_after_a_while(&ada.email) <= 1);

    // The next login from there has one code, which opens.
    let mut ssh = world.ssh(&ada).from("203.0.113.5").open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for(&ada.email, 1).code());
    ssh.prove_shell();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}
