//! The decision table: every combination of what policy looks at, generated, and printed as the tree that it is.

use super::*;
use crate::store::{KeptApp, UserKey};

pub(in crate::login) const REQUIRED: [Required; 3] = [Required::Disabled, Required::Optional, Required::Mandatory];
pub(in crate::login) const CLASSES: [Class; 6] =
    [Class::Ssh, Class::Desktop, Class::Web, Class::Elevate, Class::Other, Class::Ignored];
const LISTED: [Option<Listed>; 3] = [None, Some(Listed::Name), Some(Listed::Group)];
const NETWORKS: [Network; 4] = [Network::Outside, Network::Here, Network::Unseen, Network::Exempt];
const TRUST: [device::Standing; 7] = [
    device::Standing::Off,
    device::Standing::Nameless,
    device::Standing::New,
    device::Standing::Over(crate::store::Ended::Expired),
    device::Standing::Unseen,
    device::Standing::Clock,
    device::Standing::Trusted { left_s: 1 },
];
const MUST: [Option<Must>; 3] = [None, Some(Must::Service), Some(Must::Group)];

/// Every kind of record there can be, by the words of the table.
pub(in crate::login) fn knowns() -> Vec<(&'static str, Known, Methods)> {
    let record = |verify, email: Option<&str>, email_verified| {
        Known::Record(Box::new(UserRecord {
            key: UserKey { uid: 1000, name: String::from("ada") },
            verify,
            email: email.map(String::from),
            email_verified,
            phone: None,
            phone_verified: false,
            language: None,
            last_login: None,
        }))
    };
    let address = Some("ada@example.com");
    let app = KeptApp { id: String::from("1"), sealed: "00".repeat(20), last_step: 0, made_s: 0 };
    let shut_out = Methods { disabled_s: Some(1), ..Methods::default() };
    let with_app = Methods { app: Some(app), ..Methods::default() };
    let saved = Methods { recovery: vec![[7; 32]], ..Methods::default() };
    let plain = vec![
        ("nobody", Known::Nobody),
        ("name of another", Known::NameOfAnother { uid: 7 }),
        ("uid of others", Known::UidOfOthers { names: vec![String::from("bea")] }),
        ("never verified", record(Verify::Never, address, true)),
        ("never unverified", record(Verify::Never, address, false)),
        ("never no email", record(Verify::Never, None, false)),
        ("new-device verified", record(Verify::NewDevice, address, true)),
        ("new-device unverified", record(Verify::NewDevice, address, false)),
        ("new-device no email", record(Verify::NewDevice, None, false)),
        ("always verified", record(Verify::Always, address, true)),
        ("always unverified", record(Verify::Always, address, false)),
        ("always no email", record(Verify::Always, None, false)),
    ];
    let with = plain.into_iter().map(|(name, known)| (name, known, Methods::default()));
    with.chain([
        ("new-device app alone", record(Verify::NewDevice, None, false), with_app),
        ("new-device recovery codes alone", record(Verify::NewDevice, None, false), saved),
        ("new-device verified, disabled", record(Verify::NewDevice, address, true), shut_out),
    ])
    .collect()
}

/// A dimension of the table: its values in words, in the order of the indices that [`decided`] takes.
fn dimensions(knowns: &[(&'static str, Known, Methods)]) -> Vec<Vec<String>> {
    let words = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    vec![
        REQUIRED.iter().map(|required| format!("{required:?}")).collect(),
        CLASSES.iter().map(|class| String::from(class.word())).collect(),
        words(&["not listed", "listed by name", "listed by group"]),
        NETWORKS.iter().map(|network| format!("net {network:?}")).collect(),
        words(&["free", "service must", "group must"]),
        knowns.iter().map(|(name, ..)| String::from(*name)).collect(),
        words(&["grace runs", "no grace"]),
        words(&["trust off", "nameless", "new", "ended", "stamp unseen", "clock behind", "remembered"]),
        words(&["askable", "no channel"]),
        words(&["no grant", "a grant"]),
        words(&["may not enrol", "may enrol"]),
    ]
}

/// One word for the decision of one combination.
fn decided(at: &[usize], knowns: &[(&'static str, Known, Methods)]) -> String {
    let situation = Situation {
        required: REQUIRED[at[0]],
        class: CLASSES[at[1]],
        listed: LISTED[at[2]],
        network: NETWORKS[at[3]],
        must: MUST[at[4]],
        known: &knowns[at[5]].1,
        grace: [Grace::Runs, Grace::Over][at[6]],
        trust: TRUST[at[7]],
        methods: &knowns[at[5]].2,
        askable: [true, false][at[8]],
        grant: [false, true][at[9]],
        may_enrol: [false, true][at[10]],
    };
    let early = without_user(situation.required, situation.class).map(Decision::NotSubject);
    let decision = decide(&situation);
    assert!(early.is_none_or(|early| early == decision), "{situation:?}");
    match decision {
        Decision::NotSubject(why) => format!("not subject: {why:?}"),
        Decision::Trusted => String::from("trusted"),
        Decision::Ask => String::from("ask"),
        Decision::Enrol => String::from("enrol"),
        Decision::Refuse(why) => format!("refuse: {why:?}"),
    }
}

/// The rows under a choice of the first values. Values whose rows are the same are one row; all of them are `*`.
fn rows(at: &mut Vec<usize>, dimensions: &[Vec<String>], knowns: &[(&'static str, Known, Methods)]) -> Vec<String> {
    let Some(values) = dimensions.get(at.len()) else { return vec![format!("=> {}", decided(at, knowns))] };
    let mut groups: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for (index, word) in values.iter().enumerate() {
        at.push(index);
        let below = rows(at, dimensions, knowns);
        at.pop();
        match groups.iter_mut().find(|(_, others)| *others == below) {
            Some((words, _)) => words.push(word),
            None => groups.push((vec![word], below)),
        }
    }
    let name = |words: &[&str]| if words.len() == values.len() { String::from("*") } else { words.join(", ") };
    groups
        .iter()
        .flat_map(|(words, below)| below.iter().map(move |row| format!("{} | {row}", name(words))).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_decision_table_is_this() {
    let knowns = knowns();
    let dimensions = dimensions(&knowns);
    let combinations: usize = dimensions.iter().map(Vec::len).product();
    assert_eq!(combinations, 3 * 6 * 3 * 4 * 3 * 15 * 2 * 7 * 2 * 2 * 2);
    insta::assert_snapshot!(rows(&mut Vec::new(), &dimensions, &knowns).join("\n"));
}
