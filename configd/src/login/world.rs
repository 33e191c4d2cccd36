//! Everything around a login, in memory, for the tests: users, records, a store that applies the real arithmetic of limits.
//! Says nothing of what a login must do.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at what it is about")]

use super::challenge::{Challenges, CodeMac};
use super::*;
use crate::authenticator::LongUse;
use crate::authenticator::totp::Shape;
use crate::clock::BootId;
use crate::limits::{self, Counts, SendLimits, TextLimits, TryLimits};
use crate::random::NoRandomness;
use crate::rules::{Codes, MailWay, PromptStyle, TextWay, Who};
use crate::seal::SealError;
use crate::store::{Ended, KeptDevice, Known, Methods, Remember, Standings, UserRecord};
use crate::store::{First, Had, NewApp};
use pam_2fa_protocol::admin::{Channel, Required, Verify};
use pam_2fa_protocol::courier::Tls;
use pam_2fa_protocol::login::Verdict;
use pam_2fa_settings::{Countries, Level, Profile, Region, Services};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

mod store;

/// SplitMix64: the same numbers every time.
pub(super) struct Seeded(AtomicU64);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for byte in bytes {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = u8::try_from((z ^ (z >> 27)) & 0xff).unwrap();
        }
        Ok(())
    }
}

/// A MAC good enough to tell codes and ids apart.
pub(super) struct PlainMac;

impl CodeMac for PlainMac {
    fn code_mac(&self, id: &ChallengeId, code: &str) -> [u8; 32] {
        let mut mac = [0; 32];
        for (at, byte) in id.0.bytes().chain(code.bytes()).enumerate() {
            mac[at % 32] ^= byte.rotate_left(u32::try_from(at % 8).unwrap());
        }
        mac
    }
}

impl LongCodeMac for PlainMac {
    fn long_code_mac(&self, purpose: LongUse, user: &UserKey, code: &LongCode) -> [u8; 32] {
        self.code_mac(&ChallengeId(format!("{}{}{}", purpose.word(), user.uid, user.name)), code.canonical())
    }
}

/// What stands for a sealed key is the key in letters, as an app is told it.
impl Keyring for PlainMac {
    fn prompt_tag(&self, name: &str, class: Class, source: Source) -> u8 {
        let mac = self.code_mac(&ChallengeId(format!("{}{}", class.word(), source.text().0)), name);
        mac.iter().fold(0, |tag, byte| tag.rotate_left(3) ^ byte)
    }

    fn seal_app(&self, key: &AppKey, _random: &dyn Random, _user: &UserKey, _id: &str) -> Result<String, SealError> {
        Ok(key.base32().expose().replace(' ', ""))
    }

    fn open_app(&self, _user: &UserKey, app: &KeptApp) -> Result<AppKey, AppKeyError> {
        let key = data_encoding::BASE32_NOPAD.decode(app.sealed.as_bytes()).unwrap();
        AppKey::of(Secret::new(key), Shape::default())
    }
}

pub(crate) fn rules() -> Rules {
    Rules {
        generation: 1,
        required: Required::Mandatory,
        unique_email: true,
        who: Who::default(),
        application: String::from("Example Corp"),
        codes: Codes {
            digits: 6,
            lifetime_ms: 600_000,
            attempts: 3,
            resend_after_s: 30,
            prompt: PromptStyle::Detailed,
            echo: true,
            language: Language::English,
        },
        languages: crate::texts::Languages::for_tests(),
        tries: TryLimits { attempts: 3, before_disabled: 100, first_wait_s: 30, longest_wait_s: 3600, lock: None },
        sends: SendLimits {
            per_user_hour: 10,
            per_user_day: 40,
            per_source_hour: 20,
            texts: TextLimits { per_range_hour: 20, per_day: 500, cost_per_day: None, price: 0 },
        },
        countries: Countries::named(Region::parse("US")),
        services: Services::default(),
        trust: pam_2fa_settings::Trust::default(),
        policy: 1,
        policy_hash: [0; 32],
        email: vec![MailWay {
            name: String::from("email"),
            server: String::from("smtp.example.com"),
            port: 465,
            tls: Tls::Implicit,
            ca_file: None,
            helo: None,
            user: None,
            password: None,
            from: String::from("security@example.com"),
        }],
        sms: vec![TextWay {
            name: String::from("sms"),
            provider: String::from("http"),
            sender: None,
            account: std::collections::BTreeMap::new(),
            proxy: None,
            ca_file: None,
        }],
        profile: Profile::Standard,
        level: Level::Info,
        log: crate::store::LogLimits::default(),
    }
}

/// Everything around a login, in memory.
pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) random: Seeded,
    pub(super) challenges: Challenges,
    pub(super) now: Moment,
    pub(super) users: HashMap<String, UserKey>,
    pub(super) records: HashMap<UserKey, UserRecord>,
    pub(super) methods: HashMap<UserKey, Methods>,
    pub(super) counts: HashMap<(UserKey, Authenticator), Counts>,
    pub(super) known_sources: HashSet<(UserKey, String)>,
    pub(super) used: HashSet<ChallengeId>,
    pub(super) sent: Vec<deliver::Errand>,
    pub(super) charged: u32,
    /// How many enrolments were kept.
    pub(super) enrolled: u32,
    pub(super) send_wait_s: u64,
    /// Of text messages.
    pub(super) text_wait_s: u64,
    pub(super) broken: bool,
    pub(super) logged: Vec<Decided>,
    /// What the owner was told.
    pub(super) told: Vec<crate::notice::About>,
    /// What the host says of groups and addresses; an error: late, or failed.
    pub(super) host_says: Result<LookedUp, String>,
    /// What it was asked.
    pub(super) asked_host: Vec<LookUp>,
    /// What the store knows, whatever the records are.
    pub(super) known: Option<Known>,
    /// Remembered devices.
    pub(super) devices: Vec<KeptDevice>,
    /// How far the wall stands behind.
    pub(super) behind_s: i64,
    /// What happens between a login's look at its device and its use.
    pub(super) revoked_meanwhile: bool,
    /// No device can be used, whatever is shown of it.
    pub(super) uses_refused: bool,
}

impl World {
    pub(super) fn new() -> Self {
        let mut world = Self {
            rules: rules(),
            random: Seeded(AtomicU64::new(7)),
            challenges: Challenges::default(),
            now: Moment { wall_s: 1_800_000_000, boot_ms: 1_000_000, boot: BootId(String::from("boot")) },
            users: HashMap::new(),
            records: HashMap::new(),
            methods: HashMap::new(),
            counts: HashMap::new(),
            known_sources: HashSet::new(),
            used: HashSet::new(),
            sent: Vec::new(),
            charged: 0,
            enrolled: 0,
            send_wait_s: 0,
            text_wait_s: 0,
            broken: false,
            logged: Vec::new(),
            told: Vec::new(),
            host_says: Ok(LookedUp { listed: false, member: false, console: false, here: None }),
            asked_host: Vec::new(),
            known: None,
            devices: Vec::new(),
            behind_s: 0,
            revoked_meanwhile: false,
            uses_refused: false,
        };
        world.add("ada", 1000, Verify::NewDevice, Some("ada@example.com"));
        world
    }

    pub(super) fn add(&mut self, name: &str, uid: u32, verify: Verify, email: Option<&str>) {
        let key = UserKey { uid, name: String::from(name) };
        self.users.insert(String::from(name), key.clone());
        let record = UserRecord {
            key: key.clone(),
            verify,
            email: email.map(String::from),
            email_verified: email.is_some(),
            phone: None,
            phone_verified: false,
            language: None,
            last_login: None,
        };
        self.records.insert(key, record);
    }

    /// Where the first message says that its login comes from.
    pub(super) fn place(&self) -> String {
        self.sent[0].place.say(self.rules.languages.letters(self.sent[0].language))
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now.boot_ms += ms;
        self.now.wall_s += i64::try_from(ms / 1000).unwrap();
    }

    pub(super) fn step(&mut self, login: Login, event: Event) -> (Login, Vec<Effect>) {
        let mut fx = Effects {
            now: self.now.clone(),
            rules: &self.rules,
            texts: self.rules.languages.letters(Language::English),
            letters: Language::English,
            random: &self.random,
            keys: &PlainMac,
            challenges: &mut self.challenges,
            behind_s: self.behind_s,
            out: Vec::new(),
        };
        let login = login.step(event, &mut fx);
        (login, fx.out)
    }

    pub(super) fn store_answer(&mut self, effect: Effect) -> Option<Event> {
        let broken = || StoreError::Engine { what: "serve", why: String::from("EIO") };
        Some(match effect {
            Effect::Resolve(name) => {
                Event::Resolved(self.users.get(&name).cloned().map_or(Resolution::Unknown, Resolution::Found))
            }
            Effect::LookUp(ask) => {
                self.asked_host.push(ask);
                Event::LookedUp(self.host_says.clone())
            }
            Effect::StillThere(names, uid) => {
                Event::StillThere(Some(names.iter().any(|name| self.users.get(name).is_some_and(|key| key.uid == uid))))
            }
            Effect::Facts(_) if self.broken => Event::Facts(Err(broken())),
            Effect::Facts(ask) => Event::Facts(Ok(Box::new(self.facts(&ask)))),
            Effect::Charge(_) if self.broken => Event::Charged(Err(broken()), None),
            Effect::Charge(charge) => {
                let counts = self.counts.entry((charge.user.clone(), charge.authenticator)).or_default();
                let before = limits::standing(&charge.bucket, counts, charge.limits, &charge.now);
                if !matches!(before, limits::Standing::Open { .. }) {
                    return Some(Event::Charged(Ok(Charged::Refused(before)), None));
                }
                let _rows = limits::charge(counts, &charge.bucket, charge.limits, &charge.now);
                self.charged += 1;
                let after = limits::standing(&charge.bucket, counts, charge.limits, &charge.now);
                let recovery = charge.authenticator == Authenticator::Recovery;
                let passes =
                    recovery.then(|| self.methods.get(&charge.user).map(|has| has.passes.clone()).unwrap_or_default());
                Event::Charged(Ok(Charged::Done(after)), passes)
            }
            Effect::Consume(_) if self.broken => Event::Consumed(Err(broken())),
            Effect::Consume(consume) => {
                if !self.used.insert(consume.challenge) || !self.use_up(&consume.user, &consume.proof) {
                    return Some(Event::Consumed(Ok(Consumed::AlreadyUsed)));
                }
                if let Some(remember) = consume.remember {
                    self.remember(&consume.user, remember, &consume.now);
                }
                let counts = self.counts.entry((consume.user.clone(), consume.proof.authenticator())).or_default();
                counts.put(consume.bucket, limits::Count::default());
                let _rows = counts.let_go(&consume.now);
                self.known_sources.insert((consume.user, consume.source.0));
                Event::Consumed(Ok(Consumed::Done))
            }
            other => return self.device_answer(other),
        })
    }

    /// Hands an event to a login and answers what it asks of the store, until it waits for the module.
    pub(super) fn drive(&mut self, mut login: Login, event: Event) -> (Login, Said) {
        let mut events = vec![event];
        let mut said = Said::default();
        while let Some(event) = events.pop() {
            let (next, effects) = self.step(login, event);
            login = next;
            for effect in effects {
                match effect {
                    Effect::Reply(step) => said.step = Some(step),
                    Effect::End(step) => {
                        said.step = Some(step);
                        said.ended = true;
                    }
                    Effect::Fail(failure) => {
                        said.failure = Some(failure);
                        said.ended = true;
                    }
                    Effect::Done(text) => {
                        said.done = Some(text);
                        said.ended = true;
                    }
                    Effect::HangUp => said.ended = true,
                    Effect::Log(decided) => self.logged.push(*decided),
                    Effect::Send(errand) => self.sent.push(errand),
                    Effect::Notice(about) => self.told.push(*about),
                    Effect::Explained(explained) => said.explained = Some(explained),
                    Effect::Stand(_) => {}
                    other => events.extend(self.store_answer(other)),
                }
            }
        }
        (login, said)
    }

    pub(super) fn begin(&mut self, begin: Begin, peer_uid: u32) -> (Login, Said) {
        let (login, said) = self.drive(Login::new(peer_uid, String::from("K7Q2M9XD")), Event::Begin(Box::new(begin)));
        if !matches!(login.state, State::Refused(..)) {
            return (login, said);
        }
        // A denial whose text is a prompt: read, and answered with Enter.
        let text = String::from(said.prompt());
        assert!(text.contains(" K7Q2M9XD) ") && world_says_nothing_else(&said), "{said:?}");
        let (login, mut said) = self.answer(login, "");
        if let Some(step) = &mut said.step {
            let (denial, _enter) = text.rsplit_once(") ").unwrap();
            step.tell = vec![format!("{denial})")];
        }
        (login, said)
    }

    /// What `pam-2fa explain` says of such a login.
    pub(super) fn explain(&mut self, begin: Begin) -> Box<explain::Explained> {
        let (login, said) = self.drive(Login::explaining(), Event::Begin(Box::new(begin)));
        assert!(login.is_over() && said.step.is_none(), "{said:?}");
        said.explained.unwrap()
    }

    /// The code behind the prompt that a login stands at.
    pub(super) fn code(&self, login: &Login) -> String {
        let challenge = match &login.state {
            State::AtPrompt(standing) => &standing.challenge,
            State::Enrolling(enrolling) => match &enrolling.stage {
                Stage::Code { challenge, .. } => challenge,
                stage => panic!("not at a code: {stage:?}"),
            },
            state => panic!("not at a prompt: {state:?}"),
        };
        self.challenges.get(challenge).unwrap().code.as_ref().unwrap().expose().clone()
    }

    pub(super) fn answer(&mut self, login: Login, text: &str) -> (Login, Said) {
        self.drive(login, Event::Answer(Secret::new(String::from(text))))
    }

    /// The prompt stands for 300 ms.
    pub(super) fn stand(&mut self, login: Login) -> Login {
        let prompts = match &login.state {
            State::AtPrompt(standing) => standing.prompts,
            State::Enrolling(enrolling) => enrolling.prompts,
            state => panic!("not at a prompt: {state:?}"),
        };
        self.pass(STAND_MS);
        self.drive(login, Event::Stood(prompts)).0
    }
}

fn world_says_nothing_else(said: &Said) -> bool {
    !said.ended && said.verdict().is_none() && said.told().is_empty()
}

#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) step: Option<Step>,
    pub(super) failure: Option<Failure>,
    /// What a user is told whose change was made.
    pub(super) done: Option<String>,
    pub(super) explained: Option<Box<explain::Explained>>,
    pub(super) ended: bool,
}

impl Said {
    pub(super) fn verdict(&self) -> Option<Verdict> {
        self.step.as_ref().and_then(|step| step.verdict)
    }

    pub(super) fn prompt(&self) -> &str {
        self.step.as_ref().and_then(|step| step.ask.as_ref()).map_or("", |question| &question.text)
    }

    pub(super) fn told(&self) -> String {
        self.step.as_ref().map(|step| step.tell.join("\n")).unwrap_or_default()
    }
}

pub(crate) fn ssh(user: &str, from: &str) -> Begin {
    Begin {
        version: 1,
        user: String::from(user),
        service: String::from("sshd"),
        tty: Some(String::from("ssh")),
        remote_host: Some(String::from(from)),
        remote_user: None,
        auth_info: None,
        anchor: 1,
        session: None,
        password_stamp: None,
        caller_stamp: None,
        real_uid: None,
        seat: None,
        password: false,
        decoy: false,
    }
}
