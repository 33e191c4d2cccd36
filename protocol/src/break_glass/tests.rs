use super::code::RANDOM;
use super::*;
use crate::Secret;

const SALT: &str = "00112233445566778899aabbccddeeff";

fn code() -> Code {
    Code::of(&Secret::new([7; RANDOM]))
}

/// No hash, but one that differs with every byte.
fn sum(parts: [&[u8]; 4]) -> [u8; 32] {
    let sum = parts.concat().iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    std::array::from_fn(|place| sum.to_le_bytes()[place % 8])
}

fn root() -> New<'static> {
    New {
        id: "K7Q2M9XD",
        uid: 0,
        name: "root",
        made_s: 1_795_507_200,
        until_s: 1_803_283_200,
        salt: SALT,
        reason: "cold site, ticket 4711",
    }
}

fn line(new: New<'_>) -> Vec<u8> {
    new.line(&code(), sum).unwrap()
}

fn file(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().fold(heading(), |file, line| [file, line.clone()].concat())
}

#[test]
fn what_is_written_is_read_at_its_place() {
    let ada = New { uid: 1000, name: "ada@example.com", reason: "é", made_s: 0, ..root() };
    let lines = [line(root()), with_state(&line(ada), State::Used)];
    let file = file(&lines);
    assert_eq!(file.len(), 3 * RECORD);
    let read: Vec<_> = records(&file).unwrap().map(|(at, record)| (at, record.unwrap())).collect();
    assert_eq!(read.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [RECORD, 2 * RECORD]);
    let (first, second) = (read[0].1, read[1].1);
    assert_eq!((first.state, first.id, first.uid, first.name), (State::Unused, "K7Q2M9XD", 0, "root"));
    assert_eq!((first.made_s(), first.until_s), (Some(1_795_507_200), 1_803_283_200));
    assert_eq!((first.reason(), first.hash), (root().reason, hex(&sum(first.hashed(&code()))).as_str()));
    assert_eq!((second.state, second.uid, second.name, second.reason()), (State::Used, 1000, "ada@example.com", "é"));
    assert_eq!(file[RECORD], State::Unused.byte());
}

#[test]
fn the_longest_record_fits_and_what_is_longer_or_no_word_is_not_written() {
    let (name, reason) = ("n".repeat(at::NAME.len()), "r".repeat(LONGEST_REASON));
    let longest = line(New { uid: u32::MAX, name: &name, until_s: 99_999_999_999, reason: &reason, ..root() });
    let read = Record::parse(&longest).unwrap();
    assert_eq!((read.uid, read.name, read.until_s, read.reason()), (u32::MAX, &*name, 99_999_999_999, &*reason));
    let (name, reason) = ("n".repeat(at::NAME.len() + 1), "r".repeat(LONGEST_REASON + 1));
    for odd in [
        New { name: &name, ..root() },
        New { name: "two words", ..root() },
        New { name: "", ..root() },
        New { reason: &reason, ..root() },
        New { reason: "two\nlines", ..root() },
        New { reason: "", ..root() },
        New { id: "K7Q2M9X", ..root() },
        New { id: "K7Q2 9XD", ..root() },
        New { id: "K7Q2M9XDE", ..root() },
        New { until_s: 100_000_000_000, ..root() },
        New { made_s: -10_000_000_000, ..root() },
    ] {
        assert_eq!(odd.line(&code(), sum), None, "{odd:?}");
    }
}

#[test]
fn a_record_that_is_changed_is_damaged_or_opens_nothing_and_the_others_stay() {
    let whole = file(&[line(root()), line(root())]);
    let opens = |record: &Record<'_>| record.is_for(0, "root", 0) && record.has_hash(&sum(record.hashed(&code())));
    assert!(opens(&records(&whole).unwrap().next().unwrap().1.unwrap()));
    for at in RECORD..2 * RECORD {
        let mut file = whole.clone();
        file[at] ^= 1;
        let read: Vec<_> = records(&file).unwrap().map(|(_, record)| record).collect();
        assert!(!read[0].is_ok_and(|record| opens(&record)), "byte {at}");
        assert!(read[1].is_ok_and(|record| opens(&record)), "byte {at}");
    }
    let cut = &whole[..whole.len() - 1];
    let read: Vec<_> = records(cut).unwrap().map(|(_, record)| record.is_ok()).collect();
    assert_eq!(read, [true, false]);
}

#[test]
fn what_is_no_such_file_is_none() {
    for odd in [Vec::new(), vec![b' '; RECORD], heading()[..RECORD - 1].to_vec(), vec![0; 4 * RECORD]] {
        assert!(records(&odd).is_none());
    }
    let mut later = heading();
    later[HEADING.len() - 1] = b'2';
    assert!(records(&later).is_none(), "a later release's is not guessed at");
    assert_eq!(records(&heading()).unwrap().count(), 0);
}

#[test]
fn a_code_is_for_its_user_until_its_date_and_not_once_it_is_used() {
    let new = root();
    let (unused, until) = (line(new), new.until_s);
    let root = Record::parse(&unused).unwrap();
    assert!(root.is_for(0, "root", until) && root.is_for(0, "toor", 0));
    assert!(!root.is_for(0, "root", until + 1) && !root.is_for(1000, "root", until));
    for state in [State::Used, State::Noted] {
        assert!(!Record::parse(&with_state(&unused, state)).unwrap().is_for(0, "root", until));
    }
    let ada = line(New { uid: 1000, name: "ada", ..new });
    let ada = Record::parse(&ada).unwrap();
    assert!(ada.is_for(1000, "ada", until));
    assert!(!ada.is_for(0, "root", until) && !ada.is_for(1000, "bob", until) && !ada.is_for(1001, "ada", until));
}

#[test]
fn another_code_hashes_to_something_else() {
    let line = line(root());
    let record = Record::parse(&line).unwrap();
    let other = Code::of(&Secret::new([8; RANDOM]));
    assert!(record.has_hash(&sum(record.hashed(&code()))) && !record.has_hash(&sum(record.hashed(&other))));
}
