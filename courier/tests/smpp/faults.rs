//! What is made of a message centre that breaks off, lies, floods or is silent, by how far it had come.

use super::common::daemon::Daemon;
use super::common::texts::{UNCLEAR, assert_is, carry, courier, send};
use super::common::{CODE, SHORT, socket_with_full_backlog};
use super::faulty::{ALERT, BIND, Client, DELIVER, ENQUIRE_LINK, Faulty, Head, NACK, RESPONSE, SUBMIT, UNBIND, pdu};
use super::{ACCEPTED, NOT_SENT, PASSWORD, assert_discreet, to};
use pam_2fa_protocol::courier::{Class, Outcome, Reason, Send, Text};
use pam_2fa_protocol::wire::More;
use std::net::TcpListener;
use tokio::time::Instant;

/// Carries with little time: whoever waits for the end of it waits for that.
fn carry_shortly(daemon: &Daemon, text: Text) -> Outcome {
    let mut caller = daemon.call();
    caller.send(&Send { deadline_ms: SHORT, ..send(text) }, More::No);
    caller.outcome().1
}

#[test]
fn nobody_there_is_certainly_not_sent() {
    let daemon = courier(&[]);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_is(&carry(&daemon, to(address, &[])).1, NOT_SENT);
    assert_is(&carry(&daemon, to(address, &[("host", "no-such-host.invalid")])).1, NOT_SENT);
    let (full, _held) = socket_with_full_backlog();
    let begun = Instant::now();
    assert_is(&carry(&daemon, to(full.local_addr().unwrap(), &[])).1, NOT_SENT);
    assert!((3..6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

/// What a client sees that asks to be let in.
fn at_bind(play: impl Fn(&mut Client) -> std::io::Result<()> + std::marker::Send + 'static) -> Faulty {
    Faulty::start(move |client, _| {
        client.hear()?;
        play(client)
    })
}

#[test]
fn what_breaks_before_the_message_is_begun_is_certainly_not_sent() {
    let daemon = courier(&[]);
    let garbage = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec();
    for (octets, expected) in [
        (Vec::new(), "the connection was closed; nothing was handed over"),
        (vec![0, 0, 0, 16, 0x80], "the connection was closed"),
        (garbage, "is no SMPP"),
        (vec![0xff; 64], "a PDU of 4294967295 octets"),
        (vec![0, 0, 0, 3, 1, 2, 3], "a PDU of 3 octets"),
        (pdu((BIND | RESPONSE, 0, 7), b"centre\0"), "bind_transmitter_resp with sequence number 7 is no answer"),
        (pdu((SUBMIT | RESPONSE, 0, 1), b"17\0"), "submit_sm_resp with sequence number 1 is no answer"),
        (pdu((UNBIND, 0, 1), b""), "the centre ended the session"),
    ] {
        let centre = at_bind(move |client| client.say(&octets));
        let (steps, outcome) = carry(&daemon, centre.text());
        assert_is(&outcome, NOT_SENT);
        assert!(outcome.said.contains(expected), "{expected}: {outcome:?}");
        assert_discreet(&daemon, &steps, &outcome);
    }
    let silent = at_bind(Client::until_gone);
    let outcome = carry_shortly(&daemon, silent.text());
    assert_is(&outcome, NOT_SENT);
    assert!(outcome.said.contains("no answer in time; nothing was handed over"), "{outcome:?}");
}

#[test]
fn what_breaks_after_it_may_have_been_taken() {
    let daemon = courier(&[]);
    let flood = pdu((ENQUIRE_LINK, 0, 9), b"").repeat(1_000);
    for (octets, expected) in [
        (vec![0xff; 64], "a PDU of 4294967295 octets"),
        (vec![0, 0, 0, 3, 1, 2, 3], "a PDU of 3 octets"),
        (vec![0, 1, 0, 1], "a PDU of 65537 octets"),
        (b"<html><body>Welcome to the hotel</body></html>".to_vec(), "is no SMPP"),
        (pdu((SUBMIT | RESPONSE, 0, 3), b"17\0"), "submit_sm_resp with sequence number 3 is no answer"),
        (pdu((SUBMIT | RESPONSE, 0x0b, 1), b""), "submit_sm_resp with sequence number 1 is no answer"),
        (pdu((BIND | RESPONSE, 0, 2), b"17\0"), "bind_transmitter_resp with sequence number 2 is no answer"),
        (pdu((0x8000_0999, 0, 2), b"17\0"), "a PDU 0x80000999 with sequence number 2 is no answer"),
        (pdu((UNBIND, 0, 1), b""), "the centre ended the session"),
        (flood, "the centre said 64 other things and no answer"),
    ] {
        let centre = Faulty::saying(octets);
        let (steps, outcome) = carry(&daemon, centre.text());
        assert_is(&outcome, UNCLEAR);
        assert!(outcome.said.contains(expected), "{expected}: {outcome:?}");
        assert!(outcome.said.ends_with("the message may have been taken all the same"), "{outcome:?}");
        assert_discreet(&daemon, &steps, &outcome);
    }
    for octets in [Vec::new(), pdu((SUBMIT | RESPONSE, 0, 2), b"17\0")[..18].to_vec()] {
        let closed = Faulty::start(move |client, _| {
            client.bind()?;
            client.say(&octets)
        });
        let outcome = carry(&daemon, closed.text()).1;
        assert_is(&outcome, UNCLEAR);
        assert!(outcome.said.contains("the connection was closed"), "{outcome:?}");
    }
    let outcome = carry_shortly(&daemon, Faulty::saying(Vec::new()).text());
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("no answer in time"), "{outcome:?}");
}

#[test]
fn a_yes_without_an_id_is_no_yes() {
    let daemon = courier(&[]);
    for body in [&b""[..], b"\0", b"  \0", b"17", b"\xff\xfe\0", &[b'1'; 300]] {
        let outcome = carry(&daemon, Faulty::saying(pdu((SUBMIT | RESPONSE, 0, 2), body)).text()).1;
        assert_is(&outcome, UNCLEAR);
        assert!(outcome.said.contains("ESME_ROK (no error); this is no proof"), "{outcome:?}");
    }
}

#[test]
fn a_no_with_an_id_is_a_no() {
    let daemon = courier(&[]);
    for (status, expected) in [(0x0b, (Class::Rejected, Some(Reason::BadNumber))), (0x08, UNCLEAR), (0x400, UNCLEAR)] {
        let outcome = carry(&daemon, Faulty::saying(pdu((SUBMIT | RESPONSE, status, 2), b"17\0")).text()).1;
        assert_is(&outcome, expected);
        assert_eq!(outcome.provider_id, None);
    }
}

#[test]
fn a_centre_that_does_not_understand_is_understood() {
    let daemon = courier(&[]);
    for (status, sequence, expected) in [
        (0x03, 2, (Class::Rejected, Some(Reason::Request))),
        (0x02, 0, (Class::Rejected, Some(Reason::Request))),
        (0x58, 2, (Class::RateLimited, None)),
        (0xff, 2, UNCLEAR),
        (0x00, 2, UNCLEAR),
    ] {
        let outcome = carry(&daemon, Faulty::saying(pdu((NACK, status, sequence), b"")).text()).1;
        assert_is(&outcome, expected);
        assert!(outcome.said.starts_with("generic_nack: 0x000000"), "{outcome:?}");
    }
    let at_bind = at_bind(|client| client.say(&pdu((NACK, 0x03, 1), b"")));
    assert_is(&carry(&daemon, at_bind.text()).1, (Class::AuthError, Some(Reason::Config)));
}

#[test]
fn what_a_centre_asks_in_between_is_answered_and_an_inbound_message_is_given_back() {
    let daemon = courier(&[]);
    let centre = Faulty::start(|client, note| {
        let (_, _, submit) = client.bind()?;
        let ask = |client: &mut Client, head: Head, body: &[u8]| {
            client.say(&pdu(head, body))?;
            note(client.hear()?);
            std::io::Result::Ok(())
        };
        ask(client, (ENQUIRE_LINK, 0, 2), b"")?;
        ask(client, (DELIVER, 0, 41), b"\0\x01\x0115550100\0\0\0\0\0\0\0\0\0\0\0\0\x02hi")?;
        ask(client, (DELIVER, 0, 42), b"broken")?;
        ask(client, (0x103, 0, 43), b"")?;
        ask(client, (0x0999, 0, 44), b"what?")?;
        // These have no answer: the next that is heard is that to the last question.
        client.say(&pdu((ALERT, 0, 45), b""))?;
        client.say(&pdu((NACK, 0x03, 77), b""))?;
        ask(client, (ENQUIRE_LINK, 0, 46), b"")?;
        // In pieces, and with more than it needs.
        let answer = pdu((SUBMIT | RESPONSE, 0, submit), b"17\0\x04\x27\0\x01\x02");
        let (first, second) = answer.split_at(5);
        client.say(first)?;
        client.say(second)?;
        note(client.hear()?);
        client.say(&pdu((UNBIND | RESPONSE, 0, 3), b""))?;
        client.until_gone()?;
        note((0, 0, 0));
        Ok(())
    });
    let outcome = carry(&daemon, centre.text()).1;
    assert_is(&outcome, ACCEPTED);
    assert_eq!(outcome.provider_id.as_deref(), Some("17"));
    assert_eq!(
        centre.noted(8),
        [
            (ENQUIRE_LINK | RESPONSE, 0, 2),
            (DELIVER | RESPONSE, 0x64, 41),
            (DELIVER | RESPONSE, 0x64, 42),
            (0x103 | RESPONSE, 0x64, 43),
            (NACK, 0x03, 44),
            (ENQUIRE_LINK | RESPONSE, 0, 46),
            (UNBIND, 0, 3),
            (0, 0, 0),
        ]
    );
}

#[test]
fn a_slow_centre_has_eight_seconds_in_all() {
    let daemon = courier(&[]);
    let centre = Faulty::start(|client, _| {
        client.bind()?;
        for octet in pdu((SUBMIT | RESPONSE, 0, 2), b"17\0") {
            client.say(&[octet])?;
            client.pause()?;
        }
        Ok(())
    });
    let begun = Instant::now();
    assert_is(&carry(&daemon, centre.text()).1, UNCLEAR);
    let took = begun.elapsed();
    assert!((8..12).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_centre_that_does_not_answer_an_unbind_is_left_all_the_same() {
    let daemon = courier(&[]);
    let centre = Faulty::start(|client, note| {
        client.bind()?;
        client.say(&pdu((SUBMIT | RESPONSE, 0, 2), b"17\0"))?;
        note(client.hear()?);
        client.until_gone()?;
        note((0, 0, 0));
        Ok(())
    });
    let mut caller = daemon.call();
    caller.send(&send(centre.text()), More::No);
    assert_is(&caller.outcome().1, ACCEPTED);
    assert_eq!(centre.noted(2), [(UNBIND, 0, 3), (0, 0, 0)]);
}

#[test]
fn what_a_centre_repeats_of_ours_is_struck_out() {
    let daemon = courier(&[]);
    let words = format!("{CODE} is your Example Corp login code (7F) for host. by {PASSWORD}\u{1b}[2J");
    let length = u16::try_from(words.len() + 1).unwrap().to_be_bytes();
    let body = [b"\0\x00\x1d".to_vec(), length.to_vec(), words.into_bytes(), vec![0]].concat();
    let centre = Faulty::saying(pdu((SUBMIT | RESPONSE, 0x0b, 2), &body));
    let (steps, outcome) = carry(&daemon, centre.text());
    assert_is(&outcome, (Class::Rejected, Some(Reason::BadNumber)));
    assert!(outcome.said.ends_with("(invalid destination address): … by … [2J"), "{outcome:?}");
    assert_discreet(&daemon, &steps, &outcome);
    let centre = Faulty::saying(pdu((SUBMIT | RESPONSE, 0, 2), format!("{CODE}-{PASSWORD}\0").as_bytes()));
    let (steps, outcome) = carry(&daemon, centre.text());
    assert_eq!(outcome.provider_id.as_deref(), Some("…-…"));
    assert_discreet(&daemon, &steps, &outcome);
}
