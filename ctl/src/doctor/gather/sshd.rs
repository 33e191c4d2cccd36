//! What sshd says of itself: `sshd -V`, and `sshd -T` for root, for somebody else, and for whom each `Match` is about.

use super::super::facts::Sshd;
use crate::clock::Deadline;
use crate::enable::{EXEMPT, blocks};
use crate::error::Error;
use crate::exempt::{self, Effective, HOST_CONFIG, Probe};
use crate::program::output_within;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Somewhere else (RFC 5737).
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const VENDORS: &str = "/usr/etc/ssh/sshd_config";
const ANSWER: Duration = Duration::from_secs(5);
/// For all its answers: a host may have hundreds of `Match`.
const ALL: Duration = Duration::from_secs(60);
/// What is looked at.
const SETTINGS: [&str; 13] = [
    "usepam",
    "kbdinteractiveauthentication",
    "passwordauthentication",
    "pubkeyauthentication",
    "gssapiauthentication",
    "hostbasedauthentication",
    "kerberosauthentication",
    "authenticationmethods",
    "permitrootlogin",
    "logingracetime",
    "maxauthtries",
    "persourcepenalties",
    "permitemptypasswords",
];

/// The file that sshd reads: openSUSE's takes its distribution's where there is none in /etc.
fn main_file(config: &Path, is_there: impl Fn(&Path) -> bool) -> &Path {
    let vendors = Path::new(VENDORS);
    if config == Path::new(HOST_CONFIG) && !is_there(config) && is_there(vendors) { vendors } else { config }
}

/// None where there is no sshd.
pub(super) fn ask(config: &Path) -> Option<Sshd> {
    let file = main_file(config, Path::exists);
    let said = |failure: Option<String>| Sshd { config: config.to_owned(), failure, ..Sshd::default() };
    let sshd = match exempt::Sshd::find(None, file) {
        Err(Error::NotFound(_)) => return None,
        Err(why) => return Some(said(Some(why.to_string()))),
        Ok(sshd) => sshd,
    };
    let settings = match sshd.settings() {
        Err(why) => return Some(said(Some(why.to_string()))),
        Ok(settings) => settings,
    };
    let mut all = Sshd { version: version(&sshd), ..said(None) };
    let probe = |user: &str| Probe { user: user.to_owned(), from: ELSEWHERE };
    let mut probes = vec![(String::from("nobody"), probe("nobody")), (String::from("root"), probe("root"))];
    probes.extend(matches(file, config).into_iter().map(|(criteria, probe)| (format!("Match {criteria}"), probe)));
    ask_about(&mut all, probes, ALL, |probe| sshd.effective(probe, &settings));
    Some(all)
}

/// What it does with each of these logins, as far as it says so in time.
fn ask_about(
    all: &mut Sshd,
    probes: Vec<(String, Probe)>,
    within: Duration,
    effective: impl Fn(&Probe) -> Result<Effective, Error>,
) {
    let deadline = Deadline::after(within);
    let mut left = probes.len();
    for (who, probe) in probes {
        if deadline.left().is_none() {
            all.failure = Some(format!("sshd is slow to answer: it was not asked about {left} more logins"));
            break;
        }
        left = left.saturating_sub(1);
        match effective(&probe) {
            Ok(effective) => {
                all.asked.insert(who, kept(&effective));
            }
            Err(why) => all.failure = Some(why.to_string()),
        }
    }
}

fn kept(effective: &Effective) -> BTreeMap<String, String> {
    let value = |name: &&str| {
        let lines: Vec<&str> = effective.all(name).collect();
        (!lines.is_empty()).then(|| ((*name).to_owned(), lines.join(" ")))
    };
    SETTINGS.iter().filter_map(value).collect()
}

/// A login for each `Match` that is not of `exempt`, as far as one can be thought of.
fn matches(file: &Path, config: &Path) -> Vec<(String, Probe)> {
    let mut folder = config.as_os_str().to_owned();
    folder.push(".d");
    blocks(file, Path::new(&folder), &[EXEMPT]).into_iter().map(|block| (block.criteria, block.probe)).collect()
}

/// `OpenSSH_9.2p1 …`; what does not know -V says it beside its usage.
fn version(sshd: &exempt::Sshd) -> String {
    let mut command = Command::new(&sshd.program);
    command.arg("-V");
    let out = output_within(command, ANSWER).map(|out| [out.stdout, out.stderr].concat()).unwrap_or_default();
    let text = String::from_utf8_lossy(&out).into_owned();
    text.lines().find(|line| line.starts_with("OpenSSH")).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_main_file_in_etc_sshd_is_asked_by_its_distributions() {
        let of = |config: &'static str, there: &'static [&'static str]| {
            main_file(Path::new(config), |path| there.iter().any(|is| Path::new(is) == path)).to_str()
        };
        assert_eq!(of(HOST_CONFIG, &[VENDORS]), Some(VENDORS));
        assert_eq!(of(HOST_CONFIG, &[HOST_CONFIG, VENDORS]), Some(HOST_CONFIG));
        assert_eq!(of(HOST_CONFIG, &[]), Some(HOST_CONFIG));
        assert_eq!(of("/etc/ssh/second", &[VENDORS]), Some("/etc/ssh/second"));
    }

    #[test]
    fn a_sshd_that_hangs_over_each_of_hundreds_of_matches_is_not_waited_for_hundreds_of_times() {
        let probe = || Probe { user: String::from("ada"), from: ELSEWHERE };
        let probes = (0..300).map(|number| (format!("Match User u{number}"), probe())).collect();
        let (mut all, asked) = (Sshd::default(), std::cell::Cell::new(0));
        ask_about(&mut all, probes, Duration::from_millis(100), |_| {
            asked.set(asked.get() + 1);
            std::thread::sleep(Duration::from_millis(30));
            Err(Error::Refused(vec![String::from("no answer within 20 s")]))
        });
        assert!((1..=4).contains(&asked.get()), "{}", asked.get());
        let left = 300 - asked.get();
        assert!(all.failure.unwrap().ends_with(&format!("it was not asked about {left} more logins")));
    }
}
