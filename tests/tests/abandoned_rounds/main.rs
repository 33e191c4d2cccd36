//! Rounds begun and abandoned in one connection (as in CVE-2015-5600, where sshd took as many as one liked): no more messages, no
//! more tries.

mod client;

use client::Client;
use e2e::host::{self, Sshd, Stack};
use e2e::ssh::{PASSWORD, wrong};
use e2e::world::Plan;
use e2e::{mailbox, ns};

const ROUNDS: usize = 40;

#[test]
#[ignore = "needs tests/ns/enter"]
fn sshd_itself_lets_one_connection_begin_forty_rounds() {
    let dir = ns::folder("rounds");
    let sshd = Sshd::start(&dir, &Stack::WithoutUs.text(""), "");
    let user = host::add_user(&format!("rounds{}", sshd.port));
    let mut client = Client::connect(sshd.port).unwrap();
    for round in 0..ROUNDS {
        let prompt =
            client.begin_round(&user.name).unwrap_or_else(|error| panic!("round {round}: {error}\n{}", sshd.log()));
        assert!(prompt.contains("Password"), "{prompt}");
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn forty_abandoned_rounds_in_one_connection_send_one_mail() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut client = Client::connect(world.port()).unwrap();
    let mut prompt = String::new();
    for _ in 0..ROUNDS {
        client.begin_round(&ada.host.name).unwrap();
        prompt = client.answer(PASSWORD).unwrap();
        assert!(prompt.contains("ode"), "{prompt}");
    }
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);

    // And the last of them stands at the same code, with the three tries of one challenge.
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(prompt.contains(&mail.tag()), "another tag than {}: {prompt}", mail.tag());
    assert!(client.answer(&wrong(&mail.code())).unwrap().contains("2 tries left"));
    client.begin_round(&ada.host.name).unwrap();
    client.answer(PASSWORD).unwrap();
    assert!(client.answer(&wrong(&mail.code())).unwrap().contains("1 try left"));
}
