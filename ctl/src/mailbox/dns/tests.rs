//! A name server of the tests' own on loopback: what it says is read, what is none of ours is passed over, and its silence ends.

use super::*;
use std::net::TcpListener;

const WAIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);

/// A name in the form of the wire.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> =
        labels.flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

/// A record of the name in the question (a pointer to byte 12).
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&[0xC0, 12][..], &kind.to_be_bytes(), &IN.to_be_bytes(), &[0, 0, 1, 0], &length.to_be_bytes(), data].concat()
}

fn mx_record(preference: u16, exchange: &[u8]) -> Vec<u8> {
    record(MX, &[&preference.to_be_bytes()[..], exchange].concat())
}

/// An answer to `question` with these flags and records.
fn answer(question: &[u8], flags: u16, records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap();
    let head = [&question[..2], &flags.to_be_bytes(), &[0, 1], &count.to_be_bytes(), &[0, 0, 0, 0]].concat();
    [&head, &question[12..], &records.concat()].concat()
}

const GOOD: u16 = 0x8180;

/// Sends back what `script` makes of one question, datagram by datagram.
fn server(script: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        let (length, client) = socket.recv_from(&mut buffer).unwrap();
        for datagram in script(&buffer[..length]) {
            socket.send_to(&datagram, client).unwrap();
        }
        // Keeps the port until the test is over: a closed one would be refused, not silent.
        std::thread::park();
    });
    address
}

fn asked(script: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Result<Mx, DnsError> {
    mx("Example.com", &[server(script)], WAIT)
}

fn names(names: &[&str]) -> Mx {
    Mx::Servers(names.iter().map(|name| String::from(*name)).collect())
}

#[test]
fn the_question_is_one_that_name_servers_take() {
    let question = Question::of("example.com.", 0x1234).unwrap();
    let expected = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x0f\x00\x01";
    assert_eq!(question.bytes, expected);
    for no_name in ["", ".", "a..b", &"a".repeat(64), &["a"; 128].join(".")] {
        assert!(Question::of(no_name, 0).is_none(), "{no_name}");
    }
}

#[test]
fn the_servers_of_a_domain_are_read_compressed_names_and_aliases_too() {
    let found = asked(|question| {
        let alias = record(5, &wire("real.example.net"));
        let whole = mx_record(10, &wire("mx1.example.net"));
        let in_part = mx_record(20, b"\x03mx2\xc0\x0c");
        vec![answer(question, GOOD, &[alias, whole, in_part])]
    });
    assert_eq!(found.unwrap(), names(&["mx1.example.net", "mx2.example.com"]));
}

#[test]
fn no_mx_no_domain_and_no_mail_are_told_apart() {
    assert_eq!(asked(|question| vec![answer(question, GOOD, &[])]).unwrap(), Mx::None);
    assert_eq!(asked(|question| vec![answer(question, 0x8183, &[])]).unwrap(), Mx::None);
    assert_eq!(asked(|question| vec![answer(question, GOOD, &[mx_record(0, &[0])])]).unwrap(), Mx::Null);
    assert!(matches!(asked(|question| vec![answer(question, 0x8182, &[])]), Err(DnsError::Refused { rcode: 2, .. })));
}

#[test]
fn an_answer_to_another_question_is_passed_over() {
    let found = asked(|question| {
        let good = answer(question, GOOD, &[mx_record(1, &wire("mx.example.net"))]);
        let mut other_id = answer(question, GOOD, &[mx_record(1, &wire("evil.example"))]);
        other_id[0] ^= 1;
        let mut other_name = answer(question, GOOD, &[mx_record(1, &wire("evil.example"))]);
        other_name[13] = b'x';
        let mut no_answer = answer(question, GOOD, &[mx_record(1, &wire("evil.example"))]);
        no_answer[2] &= 0x7F;
        vec![other_id, other_name, no_answer, Vec::new(), good]
    });
    assert_eq!(found.unwrap(), names(&["mx.example.net"]));
}

#[test]
fn an_answer_that_was_cut_is_asked_for_again_over_tcp() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        let (length, client) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(&answer(&buffer[..length], GOOD | 0x0200, &[]), client).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = vec![0; length + 2];
        stream.read_exact(&mut question).unwrap();
        let reply = answer(&question[2..], GOOD, &[mx_record(1, &wire("mx.example.net"))]);
        stream.write_all(&[&u16::try_from(reply.len()).unwrap().to_be_bytes()[..], &reply].concat()).unwrap();
    });
    assert_eq!(mx("example.com", &[address], WAIT).unwrap(), names(&["mx.example.net"]));
}

#[test]
fn a_silent_server_is_left_for_the_next_and_silence_is_said() {
    let silent = || server(|_| Vec::new());
    let good = server(|question| vec![answer(question, GOOD, &[mx_record(1, &wire("mx.example.net"))])]);
    assert_eq!(mx("example.com", &[silent(), good], SHORT * 10).unwrap(), names(&["mx.example.net"]));
    assert!(matches!(mx("example.com", &[silent()], SHORT), Err(DnsError::Silent { .. })));
    assert!(matches!(mx("example.com", &[], SHORT), Err(DnsError::Name)));
}

#[test]
fn a_damaged_answer_is_none_and_a_name_that_leads_to_itself_ends() {
    // The exchange begins at byte 12 + 17 + 12 + 2.
    let own_place = u8::try_from(12 + 17 + 12 + 2).unwrap();
    for exchange in [
        &[0xC0, own_place][..],
        &[0xC0, own_place + 2, 0xC0, own_place],
        b"\x01a\xc0\x2b",
        b"\xff\xff",
        b"\x40a",
        b"\x3fshort",
        b"\x03a b\x00",
        b"\x03a.b\x00",
        b"\x03a\x1bb\x00",
    ] {
        let exchange = exchange.to_vec();
        let shown = format!("{exchange:?}");
        let found = asked(move |question| vec![answer(question, GOOD, &[mx_record(1, &exchange)])]);
        assert!(matches!(found, Err(DnsError::Damaged { .. })), "{shown}: {found:?}");
    }
}

#[test]
fn every_cut_and_every_changed_byte_of_an_answer_ends_in_an_answer_or_none() {
    let question = Question::of("example.com", 7).unwrap();
    let records = [mx_record(1, b"\x02mx\xc0\x0c"), mx_record(2, &wire("mx.example.net"))];
    let good = answer(&question.bytes, GOOD, &records);
    assert!(matches!(question.read(&good), Reply::Mx(Mx::Servers(names)) if names.len() == 2));
    for length in 0..good.len() {
        assert!(!matches!(question.read(&good[..length]), Reply::Mx(_)), "cut to {length}");
    }
    for place in 0..good.len() {
        for byte in 0..=255 {
            let mut changed = good.clone();
            changed[place] = byte;
            if let Reply::Mx(Mx::Servers(names)) = question.read(&changed) {
                let is_plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_graphic());
                assert!(names.len() <= 2 && names.iter().all(is_plain), "{names:?}");
            }
        }
    }
}

#[test]
fn the_name_servers_are_those_of_resolv_conf_and_three_at_most() {
    let read = |text: &str| servers(text).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        read(
            "# nameserver 192.0.2.9\nsearch example.com\nnameserver 192.0.2.1\n nameserver\t2001:db8::1\nnameserver fe80::1%eth0\n"
        ),
        ["192.0.2.1:53", "[2001:db8::1]:53"]
    );
    assert_eq!(read("nameserver 192.0.2.1\n".repeat(5).as_str()).len(), 3);
    for none in ["", "nameserver\n", "nameservers 192.0.2.1", "nameserver example.com"] {
        assert_eq!(read(none), ["127.0.0.1:53"], "{none}");
    }
}
