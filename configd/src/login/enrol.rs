//! From nothing to a first method, and from one to a further one: an address that gives its code back, an app that gives one right
//! code, recovery codes that are shown once. Nothing of it is on disk before all of it is, in one commit; a connection that ends
//! leaves an open code behind and nothing else.
//!
//! Decides nothing about who may: that is [`super::policy`]'s and [`super::own`]'s.

use super::challenge::{Aim, Owner};
use super::deliver::{self, Offer};
use super::ending::{Ending, Factor, last_login};
use super::ways::{APP_DIGITS, At, Way};
use super::{Asked, Effect, Effects, Login, MAX_PROMPTS, Standing, State, ask, noticed};
use crate::authenticator::{AppKey, LongCode, LongUse, long, qr};
use crate::random;
use crate::store::{
    Authenticator, Bucket, ChallengeId, Charge, Charged, Enrol, Enrolled, Facts, First, Had, KeptPass, Known, NewApp,
    PassId, PassKind, Proof, StoreError, UserKey,
};
use crate::texts::{Charset, Message, Value};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_protocol::login::{Step, Verdict};
use pam_2fa_settings::{E164, EmailAddress, Profile, Region};
use std::collections::BTreeSet;

mod stages;

pub(super) use stages::stood;

/// How wide a terminal is that a square is drawn for.
const COLUMNS: usize = 80;

/// What is to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wants {
    /// A first method, whichever the user chooses; an app beside it, if wanted.
    Any,
    /// This address or number.
    Address(Way),
    /// An app.
    App,
    /// New recovery codes alone.
    Codes,
}

/// Where an enrolment stands.
#[derive(Debug)]
pub(crate) enum Stage {
    /// An administrator's invitation is asked for.
    Invitation,
    /// An address is.
    Address,
    /// The code that was sent to it is.
    Code {
        /// Where it went.
        way: Way,
        /// It.
        challenge: ChallengeId,
    },
    /// Whether there shall be an app, too.
    OfferApp,
    /// The code of the app that was just shown its key.
    App(Box<Fresh>),
    /// The recovery codes are on the screen.
    Codes,
    /// All of it is being written.
    Committing,
}

/// What was typed and is compared once it is charged.
#[derive(Debug)]
pub(crate) enum Tried {
    /// An invitation.
    Invitation(LongCode),
    /// The code of an address.
    Code {
        /// Where it went.
        way: Way,
        /// Its challenge.
        challenge: ChallengeId,
        /// It.
        code: Secret,
    },
}

/// An app that has not given a code yet.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) id: String,
    pub(crate) key: AppKey,
}

/// An enrolment.
#[derive(Debug)]
pub(crate) struct Enrolling {
    pub(crate) asked: Asked,
    pub(crate) user: UserKey,
    pub(crate) bucket: Bucket,
    pub(crate) first: First,
    /// Open invitations.
    pub(crate) invitations: Vec<(PassId, [u8; 32])>,
    pub(crate) wants: Wants,
    /// An address that an administrator registered, not proven yet.
    pub(crate) known: Option<Way>,
    /// What was proven before.
    pub(crate) proved_by: Option<Authenticator>,
    /// There is an app already.
    pub(crate) had_app: bool,
    /// Recovery codes that the user has.
    pub(crate) codes_left: usize,
    /// Of which countries there are numbers on file.
    pub(crate) regions: BTreeSet<Region>,
    pub(crate) stage: Stage,
    pub(crate) address: Option<Way>,
    pub(crate) app: Option<NewApp>,
    pub(crate) codes: Vec<LongCode>,
    /// Wrong invitations.
    pub(crate) wrong: u32,
    pub(crate) prompts: u32,
    pub(crate) stood: bool,
}

impl Enrolling {
    pub(super) fn new(asked: Asked, user: UserKey, facts: &Facts, wants: Wants, first: First) -> Self {
        let registered = match &facts.known {
            // It is taken by Enter.
            _ if asked.nothing_may_be_junk(user.uid) => None,
            Known::Record(record) => {
                let email = record.email.clone().filter(|_| !record.email_verified).map(Way::Email);
                email.or_else(|| record.phone.clone().filter(|_| !record.phone_verified).map(Way::Sms))
            }
            Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => None,
        };
        Self {
            invitations: invitations(&facts.methods.passes),
            asked,
            user,
            bucket: facts.bucket.clone(),
            first,
            wants,
            known: registered,
            proved_by: None,
            had_app: facts.methods.app.is_some(),
            codes_left: facts.methods.recovery.len(),
            regions: facts.regions.clone(),
            stage: Stage::Address,
            address: None,
            app: None,
            codes: Vec::new(),
            wrong: 0,
            prompts: 0,
            stood: false,
        }
    }

    /// A further one, of whoever has just given a code.
    pub(super) fn after(standing: &Standing, wants: Wants) -> Self {
        // One that was just used is not among those that are left.
        let used = usize::from(matches!(standing.proof, Some(Proof::Recovery { .. })));
        let codes_left = standing.held.recovery.len().saturating_sub(used);
        Self {
            asked: standing.asked.clone(),
            user: standing.owner.user.clone(),
            bucket: standing.bucket.clone(),
            first: First::Further(Had { codes: codes_left, ..standing.held.had.clone() }),
            invitations: Vec::new(),
            wants,
            known: None,
            proved_by: standing.proof.as_ref().map(Proof::authenticator),
            had_app: standing.held.app.is_some(),
            codes_left,
            regions: standing.held.regions.clone(),
            stage: Stage::Address,
            address: None,
            app: None,
            codes: Vec::new(),
            wrong: 0,
            prompts: standing.prompts,
            stood: standing.stood,
        }
    }

    /// An invitation that an administrator has made meanwhile counts too.
    pub(super) fn given(&mut self, passes: Option<Vec<KeptPass>>) {
        if let Some(passes) = passes {
            self.invitations = invitations(&passes);
        }
    }

    fn owner(&self, way: &Way) -> Owner {
        let address = String::from(way.address().unwrap_or_default());
        Owner {
            user: self.user.clone(),
            class: self.asked.class,
            source: self.asked.source,
            caller: self.asked.caller,
            aim: Aim::Address(address),
        }
    }

    /// What it is about, for the log.
    pub(super) fn factor(&self) -> Option<Factor> {
        match (&self.address, &self.app) {
            (Some(Way::Email(_)), _) => Some(Factor::Email),
            (Some(Way::Sms(_)), _) => Some(Factor::Sms),
            (None, Some(_)) | (Some(Way::App), _) => Some(Factor::App),
            (None, None) => None,
        }
    }

    /// Whether somebody else's word is needed before anything is enrolled.
    fn needs_invitation(&self) -> bool {
        matches!(self.first, First::Invited(_))
    }
}

/// Open invitations.
fn invitations(passes: &[KeptPass]) -> Vec<(PassId, [u8; 32])> {
    passes.iter().filter(|pass| pass.kind == PassKind::Invitation).map(|pass| (pass.id.clone(), pass.mac)).collect()
}

/// A first method by an invitation that has yet to be given.
pub(super) fn invited() -> First {
    First::Invited(PassId(String::new()))
}

impl Login {
    /// The first prompt of an enrolment.
    pub(super) fn enrol(&self, enrolling: Enrolling, fx: &mut Effects<'_>) -> State {
        let enrolling = Box::new(enrolling);
        let begin = fx.texts.say(Message::EnrolBegin, &[]);
        let tell = if enrolling.wants == Wants::Any { vec![begin] } else { Vec::new() };
        if enrolling.needs_invitation() {
            let text = fx.texts.prompt(Message::EnrolInvitation, &[]);
            return self.ask_next(enrolling, Stage::Invitation, tell, text, fx);
        }
        self.after_permission(enrolling, tell, fx)
    }

    /// Somebody allowed it: what is wanted is asked for.
    fn after_permission(&self, enrolling: Box<Enrolling>, tell: Vec<String>, fx: &mut Effects<'_>) -> State {
        match enrolling.wants.clone() {
            Wants::Any if channels(fx).is_none() => self.show_app(enrolling, tell, fx),
            Wants::Any => self.ask_address(enrolling, tell, None, fx),
            // A user who names a number by command is told, and that is all.
            Wants::Address(way) if !is_reached(&way, &enrolling, fx) => {
                let text = fx.texts.say(Message::EnrolCountry, &[]);
                self.enrol_over(&enrolling, Verdict::Deny, "sms-country", Some(text), fx)
            }
            Wants::Address(way) => self.send_to(enrolling, way, tell, fx),
            Wants::App => self.show_app(enrolling, tell, fx),
            Wants::Codes => self.show_codes(enrolling, tell, fx),
        }
    }

    /// Goes to a stage with its question.
    fn ask_next(
        &self,
        mut enrolling: Box<Enrolling>,
        stage: Stage,
        tell: Vec<String>,
        text: String,
        fx: &mut Effects<'_>,
    ) -> State {
        // First, so that whatever ends it lets go of the challenge.
        enrolling.stage = stage;
        if enrolling.prompts >= MAX_PROMPTS {
            let text = fx.texts.say(Message::DeniedPrompts, &[]);
            return self.enrol_over(&enrolling, Verdict::Deny, "too-many-prompts", Some(text), fx);
        }
        enrolling.prompts = enrolling.prompts.saturating_add(1);
        let mut step = Step { tell, ..ask(text, fx) };
        if let Some(question) = step.ask.as_mut() {
            // Nothing is hidden here, and sshd's junk is an end.
            question.times = None;
        }
        fx.out.push(Effect::Reply(step));
        fx.out.push(Effect::Stand(enrolling.prompts));
        State::Enrolling(enrolling)
    }

    fn ask_address(
        &self,
        enrolling: Box<Enrolling>,
        tell: Vec<String>,
        note: Option<Message>,
        fx: &mut Effects<'_>,
    ) -> State {
        let mut keys = String::new();
        if let Some(known) = enrolling.known.as_ref().filter(|way| can_send(way, fx) && is_reached(way, &enrolling, fx))
        {
            keys.push_str(&fx.texts.say(Message::EnrolKnown, &[("to", Value::Text(&known.masked()))]));
        }
        keys.push_str(&fx.texts.say(Message::EnrolApp, &[]));
        let can = channels(fx).unwrap_or("email");
        let text = fx.texts.prompt(Message::EnrolAddress, &[("can", Value::Text(can)), ("keys", Value::Text(&keys))]);
        let text = match note {
            Some(note) => format!("{} {text}", fx.texts.say(note, &[])),
            None => text,
        };
        self.ask_next(enrolling, Stage::Address, tell, text, fx)
    }

    /// A code is sent to an address, once its prompt has stood; one that is open is asked for again.
    fn send_to(&self, enrolling: Box<Enrolling>, way: Way, tell: Vec<String>, fx: &mut Effects<'_>) -> State {
        let owner = enrolling.owner(&way);
        let at = At::Way(way.clone());
        let offer = Offer { at: &at, ways: &[], saved: false, named: false };
        fx.challenges.prune(&fx.rules.codes, &fx.now);
        match super::begin::choose(&owner, offer, (None, 0), fx) {
            Ok((challenge, text)) => self.ask_next(enrolling, Stage::Code { way, challenge }, tell, text, fx),
            Err(error) => self.enrol_unavailable(&enrolling, "random", error.to_string(), fx),
        }
    }

    /// The key of a new app, as a square and in letters.
    fn show_app(&self, enrolling: Box<Enrolling>, mut tell: Vec<String>, fx: &mut Effects<'_>) -> State {
        let made = AppKey::new(fx.random).and_then(|key| Ok((key, random::reference(fx.random)?)));
        let (key, id) = match made {
            Ok(made) => made,
            Err(error) => return self.enrol_unavailable(&enrolling, "random", error.to_string(), fx),
        };
        let uri = key.uri(&fx.rules.application, &enrolling.user.name);
        let letters = match self.spoken.screen.charset {
            Charset::Utf8 => qr::Letters::Unicode,
            Charset::Latin | Charset::Ascii => qr::Letters::Ascii,
        };
        tell.push(fx.texts.say(Message::EnrolScan, &[]));
        if let Some(square) = qr::draw(uri.expose(), COLUMNS, letters) {
            tell.extend(square.expose().iter().cloned());
        }
        tell.push(format!("{} {}", fx.texts.say(Message::EnrolType, &[]), key.base32().expose()));
        let text = app_prompt(&enrolling, fx);
        self.ask_next(enrolling, Stage::App(Box::new(Fresh { id, key })), tell, text, fx)
    }

    /// New recovery codes, once.
    fn show_codes(&self, mut enrolling: Box<Enrolling>, mut tell: Vec<String>, fx: &mut Effects<'_>) -> State {
        enrolling.codes = match long::recovery_set(fx.random) {
            Ok(codes) => codes,
            Err(error) => return self.enrol_unavailable(&enrolling, "random", error.to_string(), fx),
        };
        tell.push(fx.texts.say(Message::EnrolCodes, &[]));
        for pair in enrolling.codes.chunks(2) {
            let shown: Vec<Secret> = pair.iter().map(LongCode::shown).collect();
            let shown: Vec<&str> = shown.iter().map(|code| code.expose().as_str()).collect();
            tell.push(format!("  {}", shown.join("   ")));
        }
        let text = fx.texts.prompt(Message::EnrolKept, &[]);
        self.ask_next(enrolling, Stage::Codes, tell, text, fx)
    }

    /// What was proven is written, all at once.
    fn commit(&self, mut enrolling: Box<Enrolling>, fx: &mut Effects<'_>) -> State {
        let macs = |code: &LongCode| fx.keys.long_code_mac(LongUse::Recovery, &enrolling.user, code);
        let recovery = (!enrolling.codes.is_empty()).then(|| enrolling.codes.iter().map(macs).collect());
        let address = enrolling.address.as_ref().and_then(|way| {
            let channel = match way {
                Way::Email(_) => Channel::Email,
                Way::Sms(_) => Channel::Sms,
                Way::App => return None,
            };
            Some((channel, String::from(way.address()?)))
        });
        let login = (enrolling.wants == Wants::Any && self.is_login())
            .then(|| (last_login(&enrolling.asked, fx), enrolling.asked.source.text()));
        fx.out.push(Effect::Enrol(Box::new(Enrol {
            user: enrolling.user.clone(),
            address,
            app: enrolling.app.clone(),
            recovery,
            first: enrolling.first.clone(),
            login,
            unique: fx.rules.unique_email,
            now: fx.now.clone(),
        })));
        enrolling.stage = Stage::Committing;
        State::Enrolling(enrolling)
    }

    /// It is written, or nothing is.
    pub(super) fn enrolled(
        &self,
        enrolling: &Enrolling,
        enrolled: Result<Enrolled, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        match enrolled {
            Err(error) => self.enrol_unavailable(enrolling, "store", error.to_string(), fx),
            Ok(Enrolled::AddressInUse(_)) => {
                let text = fx.texts.say(Message::DeniedInUse, &[]);
                self.enrol_over(enrolling, Verdict::Deny, "address-in-use", Some(text), fx)
            }
            Ok(Enrolled::NotAllowed) => {
                let text = fx.texts.say(Message::DeniedNotAllowed, &[]);
                self.enrol_over(enrolling, Verdict::Deny, "not-allowed", Some(text), fx)
            }
            Ok(Enrolled::Done { before }) => {
                noticed::enrolled(enrolling, before, fx);
                if let Some(way) = &enrolling.address {
                    fx.challenges.end_all_aimed_at(&enrolling.user, &enrolling.owner(way).aim);
                }
                if !self.is_login() {
                    let text = fx.texts.say(Message::OwnDone, &[]);
                    return self.changed(&enrolling.asked, enrolling.user.uid, text, fx);
                }
                let tell = Some(fx.texts.say(Message::EnrolDone, &[]));
                self.allow(&enrolling.asked, enrolling.user.uid, "enrolled", None, tell, fx)
            }
        }
    }

    fn enrol_over(
        &self,
        enrolling: &Enrolling,
        verdict: Verdict,
        reason: &'static str,
        text: Option<String>,
        fx: &mut Effects<'_>,
    ) -> State {
        release(enrolling, fx);
        let uid = Some(enrolling.user.uid);
        self.deny(Ending { asked: &enrolling.asked, uid, verdict, reason, detail: None, device: None }, text, fx)
    }

    fn enrol_unavailable(
        &self,
        enrolling: &Enrolling,
        reason: &'static str,
        detail: String,
        fx: &mut Effects<'_>,
    ) -> State {
        release(enrolling, fx);
        self.unavailable(&enrolling.asked, Some(enrolling.user.uid), reason, detail, fx)
    }
}

/// Nobody stands at its code any more.
pub(super) fn release(enrolling: &Enrolling, fx: &mut Effects<'_>) {
    if let Stage::Code { challenge, .. } = &enrolling.stage {
        fx.challenges.let_go(challenge);
    }
}

/// The prompt for the code of a new app.
fn app_prompt(enrolling: &Enrolling, fx: &Effects<'_>) -> String {
    let message = if may_go_without_app(enrolling, fx) { Message::EnrolAppCodeOrNot } else { Message::EnrolAppCode };
    fx.texts.prompt(message, &[])
}

/// Whether there is something else already. A number alone is none under NIST's count (SP 800-63B-4 §3.2.9).
fn may_go_without_app(enrolling: &Enrolling, fx: &Effects<'_>) -> bool {
    match &enrolling.address {
        None => false,
        Some(Way::Sms(_)) => fx.rules.profile != Profile::NistAal2,
        Some(Way::Email(_) | Way::App) => true,
    }
}

/// Where codes can be sent; `None`: nowhere.
fn channels(fx: &Effects<'_>) -> Option<&'static str> {
    match (!fx.rules.email.is_empty(), !fx.rules.sms.is_empty()) {
        (true, true) => Some("both"),
        (true, false) => Some("email"),
        (false, true) => Some("sms"),
        (false, false) => None,
    }
}

fn can_send(way: &Way, fx: &Effects<'_>) -> bool {
    match way {
        Way::Email(_) => !fx.rules.email.is_empty(),
        Way::Sms(_) => !fx.rules.sms.is_empty(),
        Way::App => false,
    }
}

/// Whether text messages go to the country of a number that somebody names.
fn is_reached(way: &Way, enrolling: &Enrolling, fx: &Effects<'_>) -> bool {
    way.number().is_none_or(|number| fx.rules.countries.may_enrol(&number, &enrolling.regions))
}

/// An address or a number as people type it.
fn typed_address(text: &str) -> Option<Way> {
    let text = text.trim();
    if text.starts_with('+') {
        let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '.')).collect();
        return E164::parse(&digits).ok().map(|number| Way::Sms(String::from(number.as_str())));
    }
    EmailAddress::parse(text).ok().map(|address| Way::Email(String::from(address.as_str())))
}
