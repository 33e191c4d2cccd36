//! From the module's first message to the first prompt: what is believed, who it is, what policy says, which challenge.

use super::believed::{believed, shown, whose};
use super::challenge::{Caller, Challenges, Delivery, Owner};
use super::conclude::{Act, TRUSTED, conclude, end_what_is_over, exempt_word, remembers, situation};
use super::deliver::{self, Offer};
use super::ending::{Ending, last_from, last_login};
use super::enrol::{Enrolling, Wants};
use super::explain;
use super::policy::{self, Listed, Must, Network};
use super::ways::{self, At, Held, Waits, Way};
use super::{
    Asked, Effect, Effects, FAIL_DELAY_MS, Failure, Login, LookUp, LookedUp, Purpose, Resolution, Standing, State,
    ask_at,
};
use crate::random;
use crate::store::{Authenticator, DeviceId, Facts, FactsFor, Known, StoreError, UseDevice, UserKey};
use crate::texts::Message;
use pam_2fa_protocol::admin::Required;
use pam_2fa_protocol::login::{Begin, Step, VERSION, Verdict};

/// A user's name is at most this long, in bytes (`LOGIN_NAME_MAX` of Linux, 256, less its NUL).
const LONGEST_NAME: usize = 255;

impl Login {
    /// The first message. What a caller claims is believed of root alone (rule 7).
    pub(super) fn begin(&self, begin: Begin, fx: &mut Effects<'_>) -> State {
        let asked = believed(&begin, self.peer_uid, &self.purpose, fx);
        if begin.version != VERSION {
            self.log(&refused(&asked, "version"), Verdict::Unavailable, fx);
            fx.out.push(Effect::Fail(Failure::VersionNotSupported));
            return State::Over;
        }
        if begin.decoy {
            return self.decoy(&asked, fx);
        }
        let exempt = policy::without_user(fx.rules.required, asked.class);
        if let Some(exempt) = exempt.filter(|_| !matches!(self.purpose, Purpose::Own(_))) {
            return match self.purpose {
                Purpose::LogIn | Purpose::Own(_) => self.not_subject(&asked, None, exempt_word(exempt), None, fx),
                Purpose::Explain => explain::early(&asked, exempt_word(exempt), fx),
            };
        }
        let Some(name) = whose(&begin, &asked, fx) else {
            let detail =
                String::from("[services] asks the caller, and the program does not say who that is (PAM_RUSER)");
            return self.unavailable(&asked, None, "no-caller", detail, fx);
        };
        if !is_name(&name) {
            return self.deny(refused(&asked, "bad-name"), None, fx);
        }
        fx.out.push(Effect::Resolve(name));
        State::Resolving(asked)
    }

    /// The first factor was wrong: nobody is looked up, and nothing but a denial can come of it (rule 3).
    fn decoy(&self, asked: &Asked, fx: &mut Effects<'_>) -> State {
        self.log(&refused(asked, super::ending::DECOY), Verdict::Deny, fx);
        let ask = self.decoys_question(fx);
        let verdict = ask.is_none().then_some(Verdict::Deny);
        fx.out.push(Effect::End(Step { ask, verdict, fail_delay_ms: Some(FAIL_DELAY_MS), ..Step::default() }));
        State::Over
    }

    /// The user is known, or not.
    pub(super) fn resolved(&self, asked: Asked, resolution: Resolution, fx: &mut Effects<'_>) -> State {
        match resolution {
            Resolution::Found(user) if asked.caller == Caller::Own && user.uid != self.peer_uid => {
                self.not_permitted(&asked, fx)
            }
            Resolution::Unknown if asked.caller == Caller::Own => self.not_permitted(&asked, fx),
            Resolution::Found(user) if asked.caller_uid.is_some_and(|uid| uid != user.uid) => {
                self.deny(Ending { uid: Some(user.uid), ..refused(&asked, "caller") }, None, fx)
            }
            Resolution::Found(user) => {
                let asked = if asked.becomes.is_some() { Asked { user: shown(&user.name), ..asked } } else { asked };
                self.look_up(asked, user, fx)
            }
            Resolution::Unknown => self.deny(refused(&asked, "unknown-user"), None, fx),
            Resolution::Failed(why) => self.unavailable(&asked, None, "look-up", why, fx),
        }
    }

    /// Asks the host what policy needs to know of the user, if anything.
    fn look_up(&self, mut asked: Asked, user: UserKey, fx: &mut Effects<'_>) -> State {
        let who = &fx.rules.who;
        if matches!(self.purpose, Purpose::Own(_)) {
            let (exempt_groups, required_groups, from) = (Vec::new(), Vec::new(), None);
            fx.out.push(Effect::LookUp(LookUp {
                user: user.clone(),
                exempt_groups,
                required_groups,
                console: true,
                from,
            }));
            return State::LookingUp(asked, user);
        }
        if who.exempt_users.contains(&user.name) {
            asked.listed = Some(Listed::Name);
            return read(asked, user, fx);
        }
        let requires = fx.rules.required == Required::Optional && asked.must.is_none();
        let ask = LookUp {
            user: user.clone(),
            exempt_groups: who.exempt_groups.clone(),
            required_groups: if requires { who.required_groups.clone() } else { Vec::new() },
            console: false,
            from: asked.from_network,
        };
        if ask.exempt_groups.is_empty() && ask.required_groups.is_empty() && ask.from.is_none() {
            return read(asked, user, fx);
        }
        fx.out.push(Effect::LookUp(ask));
        State::LookingUp(asked, user)
    }

    /// What the host says. What it cannot say denies, but for its own addresses: then no network is exempt.
    pub(super) fn looked_up(
        &self,
        mut asked: Asked,
        user: UserKey,
        answer: Result<LookedUp, String>,
        fx: &mut Effects<'_>,
    ) -> State {
        let found = match answer {
            Ok(found) => found,
            Err(why) => return self.unavailable(&asked, Some(user.uid), "look-up", why, fx),
        };
        asked.at_console |= found.console;
        asked.listed = found.listed.then_some(Listed::Group);
        asked.must = asked.must.or(found.member.then_some(Must::Group));
        asked.network = match (asked.from_network, found.here) {
            (None, _) => Network::Outside,
            (Some(_), Some(false)) => Network::Exempt,
            (Some(_), Some(true)) => Network::Here,
            (Some(_), None) => Network::Unseen,
        };
        read(asked, user, fx)
    }

    fn not_permitted(&self, asked: &Asked, fx: &mut Effects<'_>) -> State {
        self.log(&refused(asked, "not-permitted"), Verdict::Unavailable, fx);
        fx.out.push(Effect::Fail(Failure::NotPermitted));
        State::Over
    }

    /// What the store knows.
    pub(super) fn facts(
        &self,
        asked: Asked,
        user: UserKey,
        facts: Result<Box<Facts>, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        match facts {
            Err(error) => self.unavailable(&asked, Some(user.uid), "store", error.to_string(), fx),
            Ok(facts) => match &facts.known {
                Known::UidOfOthers { names } => {
                    fx.out.push(Effect::StillThere(names.clone(), user.uid));
                    State::Renamed(asked, user, facts)
                }
                Known::Record(_) | Known::Nobody | Known::NameOfAnother { .. } => self.decide(asked, user, &facts, fx),
            },
        }
    }

    /// A uid whose records have other names: another name of the same uid where those names still mean it (`toor`), a renamed
    /// user where they do not (fault 28, 29).
    pub(super) fn still_there(
        &self,
        asked: Asked,
        user: UserKey,
        mut facts: Facts,
        there: Option<bool>,
        fx: &mut Effects<'_>,
    ) -> State {
        match there {
            None => self.unavailable(&asked, Some(user.uid), "look-up", String::from("late or failed"), fx),
            // Some user databases answer with the spelling they were asked for. That is the record's user, not another one: as
            // "nobody", a capital letter would take the second factor away.
            Some(true) if is_spelt_otherwise(&facts.known, &user.name) => self.decide(asked, user, &facts, fx),
            Some(true) => {
                facts.known = Known::Nobody;
                self.decide(asked, user, &facts, fx)
            }
            Some(false) => self.decide(asked, user, &facts, fx),
        }
    }

    fn decide(&self, mut asked: Asked, user: UserKey, facts: &Facts, fx: &mut Effects<'_>) -> State {
        if self.purpose == Purpose::Explain {
            // Whether the password was changed is seen by the program that logs in; here it counts as unchanged, and that is said.
            asked.stamp = facts.device.as_ref().and_then(|device| device.stamp.clone());
        }
        if let Purpose::Own(change) = &self.purpose {
            return self.decide_own(asked, user, facts, change, fx);
        }
        let situation = situation(&asked, facts, fx);
        let (act, reason) = conclude(&asked, &situation, facts, fx);
        if self.purpose == Purpose::Explain {
            return explain::decided(&asked, &user, &situation, facts, (&act, reason), fx);
        }
        end_what_is_over(&situation, facts, &asked, &user, fx);
        match act {
            Act::LetBy { tell } => self.not_subject(&asked, Some(user.uid), reason, tell, fx),
            Act::Trust { device } => {
                let (from, login) = (last_from(&asked), last_login(&asked, fx));
                let (id, now) = (device.clone(), fx.now.clone());
                let stamp = asked.stamp.clone();
                fx.out.push(Effect::UseDevice(Box::new(UseDevice { user: user.clone(), id, from, stamp, login, now })));
                State::Using(asked, user, device)
            }
            Act::Enrol { first } => self.enrol(Enrolling::new(asked, user, facts, Wants::Any, first), fx),
            Act::Ask { ways } => self.challenge(asked, user, facts, ways, fx),
            Act::Refuse { verdict, text } => {
                let ending = Ending { asked: &asked, uid: Some(user.uid), verdict, reason, detail: None, device: None };
                // Who lacks a method does not know whom to ask, and comes again and again.
                if reason == "no-method" {
                    return self.deny_by_prompt(ending, &text, fx);
                }
                self.deny(ending, Some(text), fx)
            }
        }
    }

    /// The use of the device is on disk, or it is not trusted any more: then the store is asked anew.
    pub(super) fn used(
        &self,
        mut asked: Asked,
        user: UserKey,
        device: DeviceId,
        used: Result<bool, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        match used {
            Err(error) => self.unavailable(&asked, Some(user.uid), "store", error.to_string(), fx),
            // Revoked since it was looked up. It is not looked up again: this login gets no trust any more.
            Ok(false) => {
                asked.distrust = true;
                read(asked, user, fx)
            }
            Ok(true) => self.allow(&asked, user.uid, TRUSTED, Some(device), None, fx),
        }
    }

    /// The one place that says `not_subject`.
    fn not_subject(
        &self,
        asked: &Asked,
        uid: Option<u32>,
        reason: &'static str,
        tell: Option<String>,
        fx: &mut Effects<'_>,
    ) -> State {
        let verdict = Verdict::NotSubject;
        self.log(&Ending { asked, uid, verdict, reason, detail: None, device: None }, verdict, fx);
        let (reference, tell) = (Some(self.reference.clone()), tell.into_iter().collect());
        fx.out.push(Effect::End(Step { verdict: Some(verdict), reference, tell, ..Step::default() }));
        State::Over
    }

    /// The way that is asked for first: an open challenge of it is adopted, or a new one minted; the prompt is the reply.
    pub(super) fn challenge(
        &self,
        asked: Asked,
        user: UserKey,
        facts: &Facts,
        ways: Vec<Way>,
        fx: &mut Effects<'_>,
    ) -> State {
        let uid = user.uid;
        let owner = Owner { user, class: asked.class, source: asked.source, caller: asked.caller, aim: self.aim() };
        fx.challenges.prune(&fx.rules.codes, &fx.now);
        let (at, note) = ways::first(&ways, &owner, facts, fx);
        let asked_first = asks_before_it_sends(&asked, (&at, &ways), &owner, fx);
        let at = if asked_first { At::Choice } else { at };
        let (held, waits) = (Held::of(facts, &asked), Waits::of(facts));
        let offer = Offer { at: &at, ways: &ways, saved: held.saved(), named: asked_first };
        let (id, text) = match choose(&owner, offer, (self.tagged(), waits.of_prompt(&at)), fx) {
            Ok(chosen) => chosen,
            Err(error) => return self.unavailable(&asked, Some(uid), "random", error.to_string(), fx),
        };
        fx.out.push(Effect::Reply(ask_at(&at, deliver::noted(note, text, fx), fx)));
        fx.out.push(Effect::Stand(1));
        let remember = asked.device.clone().filter(|_| remembers(&asked, &facts.known, fx));
        State::AtPrompt(Box::new(Standing {
            owner,
            bucket: facts.bucket.clone(),
            ways,
            at,
            undelivered: Vec::new(),
            held,
            proof: None,
            challenge: id,
            waits,
            asked_first,
            prompts: 1,
            stood: false,
            remember,
            had: facts.device.as_ref().map(|device| device.id.clone()),
            asked,
        }))
    }

    /// Cannot be decided now: the host is told so, the log says why.
    pub(super) fn unavailable(
        &self,
        asked: &Asked,
        uid: Option<u32>,
        reason: &'static str,
        detail: String,
        fx: &mut Effects<'_>,
    ) -> State {
        let text = fx.texts.say(Message::DeniedUnavailable, &[]);
        let verdict = Verdict::Unavailable;
        let ending = Ending { asked, uid, verdict, reason, detail: Some(detail), device: None };
        self.deny(ending, Some(text), fx)
    }
}

/// Whether a way is to be named before a message leaves, since sshd may throw the answer away. Not by Enter.
fn asks_before_it_sends(asked: &Asked, (at, ways): (&At, &[Way]), owner: &Owner, fx: &Effects<'_>) -> bool {
    let sends = match at {
        At::Way(way) => way.address().is_some() && !ways::left(fx.challenges, owner, way, fx),
        At::Choice => ways.iter().any(|way| way.address().is_some()),
        At::Saved => false,
    };
    sends && asked.nothing_may_be_junk(owner.user.uid)
}

/// Whether it can be anybody's name. What cannot is handed to no user database: what its modules make of it nobody knows.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

/// Everything is known that the host knows: now the store is asked.
fn read(asked: Asked, user: UserKey, fx: &mut Effects<'_>) -> State {
    fx.out.push(Effect::Facts(FactsFor {
        user: user.clone(),
        source: asked.source.text(),
        own: asked.caller == Caller::Own,
        tries: fx.rules.tries,
        sends: fx.rules.sends,
        device: asked.device.as_ref().map(|device| device.key.clone()),
        now: fx.now.clone(),
    }));
    State::Reading(asked, user)
}

/// Which challenge, and what its prompt says. `tag`: of this login, where challenges have none of their own.
pub(super) fn choose(
    owner: &Owner,
    offer: Offer<'_>,
    (tag, send_wait_s): (Option<&str>, u64),
    fx: &mut Effects<'_>,
) -> Result<(crate::store::ChallengeId, String), random::NoRandomness> {
    let (codes, of) = (fx.rules.codes, offer.at.authenticator());
    let withheld = send_wait_s > 0;
    let found = pick(fx.challenges, owner, of, withheld, &codes, &fx.now);
    let (id, adopted) = match found {
        Some(id) => (id, true),
        None => (fx.challenges.mint(owner.clone(), of, &codes, &fx.now, fx.random, fx.keys)?.id.clone(), false),
    };
    let mut message = if adopted { Message::PromptAdopted } else { Message::PromptSent };
    if let Some(challenge) = fx.challenges.get_mut(&id) {
        if let Some(tag) = tag {
            challenge.tag = String::from(tag);
        }
        match challenge.delivery {
            Delivery::Sending | Delivery::Late | Delivery::Sent => {}
            // What could not be sent before is tried anew; what nobody was there for has not been sent.
            Delivery::Unsent | Delivery::Failed | Delivery::Withheld { .. } if withheld => {
                let until_ms = fx.now.boot_ms.saturating_add(send_wait_s.saturating_mul(1000));
                challenge.delivery = Delivery::Withheld { until_ms };
                message = Message::PromptWithheld;
            }
            Delivery::Unsent | Delivery::Failed | Delivery::Withheld { .. } => {
                challenge.delivery = Delivery::Unsent;
                message = Message::PromptSent;
            }
        }
    }
    let text = deliver::prompt(&id, message, offer, fx);
    Ok((id, text))
}

/// The challenge to adopt: one that nobody stands at; where a limit withholds messages, rather one whose code is out.
fn pick(
    challenges: &mut Challenges,
    owner: &Owner,
    of: Authenticator,
    withheld: bool,
    codes: &crate::rules::Codes,
    now: &crate::clock::Moment,
) -> Option<crate::store::ChallengeId> {
    let shared =
        if withheld { challenges.share(owner, of, codes, now).map(|challenge| challenge.id.clone()) } else { None };
    shared.or_else(|| challenges.adopt(owner, of, codes, now).map(|challenge| challenge.id.clone()))
}

/// Whether `name` differs from the name of a record of the same uid by capitals alone (fault 29).
fn is_spelt_otherwise(known: &Known, name: &str) -> bool {
    match known {
        Known::UidOfOthers { names } => names.iter().any(|other| other.to_lowercase() == name.to_lowercase()),
        Known::Record(_) | Known::Nobody | Known::NameOfAnother { .. } => false,
    }
}

fn refused<'a>(asked: &'a Asked, reason: &'static str) -> Ending<'a> {
    Ending { asked, uid: None, verdict: Verdict::Deny, reason, detail: None, device: None }
}
