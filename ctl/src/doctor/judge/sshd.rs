//! What sshd asks, and what it does not: by `sshd -T` for root, for somebody else, and for whom a `Match` is about.

use super::super::facts::Sshd;
use super::super::finding::Finding;
use super::super::known::{
    Known, SSHD_BYPASS, SSHD_GRACE, SSHD_IDLE, SSHD_MATCH, SSHD_NO_PAM, SSHD_NO_PROMPT, SSHD_PASSWORD, SSHD_PENALTIES,
    SSHD_ROOT, SSHD_SLOW, SSHD_UNREAD,
};
use super::Case;
use crate::exempt::HOST_CONFIG;
use std::collections::BTreeMap;
use std::path::Path;

/// Mail takes half a minute, and has to be read (seconds).
const SHORTEST_GRACE: u64 = 60;
/// Of sshd, from 9.8 on, unless it is told otherwise (seconds).
const USUAL_PENALTY: f64 = 5.0;

/// Methods that are done before PAM is asked for anything, and what switches each on.
const SILENT: [(&str, &str); 3] = [
    ("publickey", "pubkeyauthentication"),
    ("gssapi-with-mic", "gssapiauthentication"),
    ("hostbased", "hostbasedauthentication"),
];

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let Some(sshd) = &case.facts.sshd else { return Vec::new() };
    if !case.files.service("sshd").is_some_and(|service| service.is_on() || service.is_meant) {
        return Vec::new();
    }
    let mut all = Vec::new();
    if let Some(why) = &sshd.failure {
        // Debian's makes that folder when it starts, and Ubuntu's starts with the first login.
        let known = if why.contains("privilege separation directory") {
            &SSHD_IDLE
        } else if why.contains("no answer within") || why.contains("slow to answer") {
            &SSHD_SLOW
        } else {
            &SSHD_UNREAD
        };
        all.push(said(sshd, known, "", why));
    }
    // What holds for everybody first.
    let mut asked: Vec<_> = sshd.asked.iter().collect();
    asked.sort_by_key(|(who, _)| ["nobody", "root"].iter().position(|first| first == who).unwrap_or(2));
    for (who, asked) in asked {
        let login = Login { sshd, who, asked };
        if who == "root" && login.get("permitrootlogin") == "no" {
            continue;
        }
        all.extend(login.findings());
    }
    // What holds for everybody is said once.
    let mut once: Vec<Finding> = Vec::new();
    for finding in all {
        if !once.iter().any(|other| other.id == finding.id && other.seen == finding.seen) {
            once.push(finding);
        }
    }
    once
}

fn said(sshd: &Sshd, known: &'static Known, who: &str, seen: &str) -> Finding {
    let config = sshd.config.display().to_string();
    let place = if who.is_empty() || who == "nobody" { config.clone() } else { format!("{config}, for {who}") };
    let mut finding = Finding::of(known, place, seen).about("sshd");
    if sshd.config != Path::new(HOST_CONFIG) {
        let named = |verb: &str| (format!("{verb} sshd"), format!("{verb} sshd --sshd-config FILE"));
        let mend = ["disable", "enable"]
            .map(named)
            .iter()
            .fold(finding.mend.clone(), |mend, (word, is)| mend.replace(word, is));
        finding = finding.by(&mend);
    }
    finding.mending("FILE", &config)
}

/// What sshd has for a login.
struct Login<'a> {
    sshd: &'a Sshd,
    who: &'a str,
    asked: &'a BTreeMap<String, String>,
}

impl Login<'_> {
    fn get(&self, name: &str) -> &str {
        self.asked.get(name).map_or("", String::as_str)
    }

    fn is_on(&self, name: &str) -> bool {
        self.get(name) == "yes"
    }

    fn say(&self, known: &'static Known, seen: &str) -> Finding {
        said(self.sshd, known, self.who, seen)
    }

    /// The lists of AuthenticationMethods; none where any method will do.
    fn lists(&self) -> Option<Vec<Vec<&str>>> {
        match self.get("authenticationmethods") {
            "" | "any" => None,
            lists => Some(lists.split_whitespace().map(|list| list.split(',').map(bare).collect()).collect()),
        }
    }

    fn findings(&self) -> Vec<Finding> {
        if !self.is_on("usepam") {
            return vec![self.say(&SSHD_NO_PAM, "UsePAM no")];
        }
        let lists = self.lists();
        let asks_by_prompt =
            lists.as_ref().is_none_or(|lists| lists.iter().flatten().any(|one| *one == "keyboard-interactive"));
        let mut all = Vec::new();
        let ways = self.ways_by(lists.as_deref());
        if !ways.is_empty() {
            let known = if self.who.starts_with("Match") { &SSHD_MATCH } else { &SSHD_BYPASS };
            let methods = self.get("authenticationmethods");
            let seen = format!("{} is enough (AuthenticationMethods {methods})", ways.join(", "));
            let user = self.who.strip_prefix("Match User ").and_then(|names| names.split([',', ' ']).next());
            all.push(self.say(known, &seen).mending("USER", user.unwrap_or("USER")));
        }
        if asks_by_prompt && !self.is_on("kbdinteractiveauthentication") {
            all.push(self.say(&SSHD_NO_PROMPT, "KbdInteractiveAuthentication no"));
        }
        let takes_password = lists.as_ref().is_none_or(|lists| lists.iter().any(|list| list.contains(&"password")));
        if takes_password && self.is_on("passwordauthentication") {
            all.push(self.say(&SSHD_PASSWORD, "PasswordAuthentication yes"));
        }
        match self.get("logingracetime").parse::<u64>() {
            Ok(seconds) if (1..SHORTEST_GRACE).contains(&seconds) => {
                all.push(self.say(&SSHD_GRACE, &format!("LoginGraceTime {seconds}")));
            }
            _ => {}
        }
        if let Some(penalty) = self.penalty().filter(|penalty| *penalty >= USUAL_PENALTY) {
            let seen = format!("PerSourcePenalties authfail:{penalty}s, {}", self.sshd.version);
            all.push(self.say(&SSHD_PENALTIES, seen.trim_end_matches(", ")));
        }
        let refused = ["without-password", "prohibit-password"].contains(&self.get("permitrootlogin"));
        if self.who == "root" && refused && ways.is_empty() {
            all.push(self.say(&SSHD_ROOT, "PermitRootLogin prohibit-password"));
        }
        all
    }

    /// What lets in and never comes to the stack.
    fn ways_by(&self, lists: Option<&[Vec<&str>]>) -> Vec<String> {
        let on = |method: &str| SILENT.iter().any(|(name, setting)| *name == method && self.is_on(setting));
        let Some(lists) = lists else {
            let mut all: Vec<String> =
                SILENT.iter().filter(|(name, _)| on(name)).map(|(name, _)| (*name).to_owned()).collect();
            if self.is_on("kerberosauthentication") && self.is_on("passwordauthentication") {
                all.push(String::from("password by Kerberos"));
            }
            return all;
        };
        let is_silent = |list: &&Vec<&str>| !list.is_empty() && list.iter().all(|method| on(method));
        lists.iter().filter(is_silent).map(|list| list.join(",")).collect()
    }

    /// For how long an address is shut out after a wrong code, in seconds.
    fn penalty(&self) -> Option<f64> {
        let words = self.get("persourcepenalties").split_whitespace();
        words.filter_map(|word| word.strip_prefix("authfail:")).find_map(|seconds| seconds.parse().ok())
    }
}

/// A method without its devices: `keyboard-interactive:pam`.
fn bare(method: &str) -> &str {
    method.split(':').next().unwrap_or(method)
}
