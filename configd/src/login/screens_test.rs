//! What a person reads, screen by screen, in each language: a transcript of an enrolment by invitation, of logins in every way and of
//! what goes wrong on the way, and of a change by oneself. The numbers are drawn from the same seed every time.

use super::world::{PlainMac, Said, World, ssh};
use super::*;
use crate::authenticator::totp::{AppKey, Shape};
use crate::authenticator::{LongUse, long};
use crate::store::{KeptPass, Methods, PassId, PassKind};
use challenge::Delivery;
use pam_2fa_protocol::admin::{Method, Verify};
use pam_2fa_settings::Language;
use std::fmt::Write as _;

fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

/// One conversation, written down as the terminal shows it.
struct Paper<'a> {
    world: &'a mut World,
    text: String,
}

impl Paper<'_> {
    fn write(&mut self, said: &Said) {
        for line in &said.step.as_ref().unwrap().tell {
            writeln!(self.text, "{}", line.trim_end()).unwrap();
        }
        match &said.step.as_ref().unwrap().ask {
            Some(question) => write!(self.text, "{}", question.text).unwrap(),
            None => writeln!(self.text, "=> {:?}\n", said.verdict().unwrap()).unwrap(),
        }
        if let Some(done) = &said.done {
            writeln!(self.text, "{done}\n").unwrap();
        }
    }

    fn stand(&mut self, login: Login, said: &Said) -> Login {
        if said.ended { login } else { self.world.stand(login) }
    }

    fn begin(&mut self, title: &str) -> Login {
        writeln!(self.text, "--- {title}").unwrap();
        let (login, said) = self.world.begin(ssh("ada", "192.0.2.7"), 0);
        self.write(&said);
        self.stand(login, &said)
    }

    fn says(&mut self, login: Login, text: &str) -> Login {
        writeln!(self.text, "{text}").unwrap();
        let (login, said) = self.world.answer(login, text);
        match (&said.step, &said.done) {
            (None, Some(done)) => writeln!(self.text, "{done}\n").unwrap(),
            (None, None) => panic!("nothing is said any more:\n{}", self.text),
            _ => self.write(&said),
        }
        self.stand(login, &said)
    }

    fn says_code(&mut self, login: Login) -> Login {
        let code = self.world.code(&login);
        self.says(login, &code)
    }

    /// What became of the message that a login waits for.
    fn becomes(&mut self, login: &Login, delivery: Delivery) {
        let State::AtPrompt(standing) = &login.state else { panic!("not at a prompt") };
        let id = standing.challenge.clone();
        self.world.challenges.get_mut(&id).unwrap().delivery = delivery;
    }

    /// The last key on the paper.
    fn app(&self) -> AppKey {
        let line =
            self.text.lines().rev().find(|line| line.split(' ').rev().take(8).all(|word| word.len() == 4)).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let letters = words[words.len() - 8..].concat();
        AppKey::of(Secret::new(data_encoding::BASE32_NOPAD.decode(letters.as_bytes()).unwrap()), Shape::default())
            .unwrap()
    }
}

fn enrolment(paper: &mut Paper<'_>, invitation: &LongCode) {
    let login = paper.begin("a first method, by invitation");
    let login = paper.says(login, "0000-0000-0000-0000");
    let login = paper.says(login, invitation.shown().expose());
    let login = paper.says(login, "ada");
    let login = paper.says(login, "ada@example.com");
    let login = paper.says(login, "r");
    let login = paper.says_code(login);
    let login = paper.says(login, "y");
    let login = paper.says(login, "000000");
    let code = paper.app().shows(paper.world.now.wall_s);
    let login = paper.says(login, &code);
    let _over = paper.says(login, "");
}

fn logins(paper: &mut Paper<'_>, codes: &[LongCode]) {
    let login = paper.begin("a choice, and a wrong code");
    let login = paper.says(login, "2");
    let login = paper.says(login, "123");
    let login = paper.says(login, "e");
    let login = paper.says(login, "");
    let login = paper.says(login, "r");
    let code = paper.world.code(&login);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let login = paper.says(login, wrong);
    let login = paper.says(login, wrong);
    let _over = paper.says(login, wrong);
    paper.world.pass(60_000);
    let methods = paper.world.methods.get_mut(&ada()).unwrap();
    methods.prefers = Some(Method::Sms);
    let login = paper.begin("a text message that cannot be delivered, nor a mail, and the app");
    paper.becomes(&login, Delivery::Failed);
    let login = paper.says(login, "r");
    paper.becomes(&login, Delivery::Late);
    let login = paper.says(login, "");
    let login = paper.says(login, "12");
    let _over = paper.says(login, codes[0].shown().expose());
    paper.world.send_wait_s = 600;
    paper.world.methods.get_mut(&ada()).unwrap().app = None;
    paper.world.pass(700_000);
    let login = paper.begin("a limit withholds messages");
    let _over = paper.says(login, codes[1].shown().expose());
    paper.world.send_wait_s = 0;
    paper.world.methods.get_mut(&ada()).unwrap().disabled_s = Some(1);
    let _over = paper.begin("shut out");
}

fn change(paper: &mut Paper<'_>) {
    writeln!(paper.text, "--- new recovery codes by oneself").unwrap();
    paper.world.methods.get_mut(&ada()).unwrap().disabled_s = None;
    let begin = Begin { service: String::from("me"), ..ssh("ada", "192.0.2.7") };
    let login = Login::own(1000, String::from("K7Q2M9XD"), Change::Codes);
    let (login, said) = paper.world.drive(login, Event::Begin(Box::new(begin)));
    paper.write(&said);
    let login = paper.stand(login, &said);
    let login = paper.says_code(login);
    let _over = paper.says(login, "");
}

#[test]
fn every_screen_reads_as_it_should_in_every_language() {
    for language in Language::ALL {
        let mut world = World::new();
        world.records.clear();
        world.rules.codes.language = language;
        world.rules.who.enrolment = pam_2fa_settings::Enrolment::Invited;
        let mut paper = Paper { world: &mut world, text: String::new() };
        let _over = paper.begin("no method, and no invitation");
        let invitation = LongCode::new(&paper.world.random).unwrap();
        let pass = KeptPass {
            id: PassId(String::from("i1")),
            kind: PassKind::Invitation,
            user: ada(),
            mac: PlainMac.long_code_mac(LongUse::Invitation, &ada(), &invitation),
            made_s: paper.world.now.wall_s,
            until_s: paper.world.now.wall_s + 604_800,
            origin: None,
            service: None,
            reason: String::new(),
        };
        paper.world.methods.insert(ada(), Methods { passes: vec![pass], ..Methods::default() });
        enrolment(&mut paper, &invitation);
        let record = paper.world.records.get_mut(&ada()).unwrap();
        (record.phone, record.phone_verified) = (Some(String::from("+15550100")), true);
        record.verify = Verify::NewDevice;
        let codes = long::recovery_set(&paper.world.random).unwrap();
        let macs = codes.iter().map(|code| PlainMac.long_code_mac(LongUse::Recovery, &ada(), code)).collect();
        paper.world.methods.get_mut(&ada()).unwrap().recovery = macs;
        logins(&mut paper, &codes);
        change(&mut paper);
        insta::assert_snapshot!(format!("screens_{language}"), paper.text);
    }
}
