//! The settings: whether they are there, in order and in force, and what they say of the services that ask.

use super::super::finding::Finding;
use super::super::known::{
    CA_FILE, CONFIG_MISSING, CONFIG_MODE, CONFIG_PLAIN, CONFIG_UNLOADED, CONFIG_WRONG, GLASS_NONE, Known, POLICY_OFF,
    POLICY_REPORT,
};
use super::Case;
use super::places::Node;
use crate::enable::stack::{What, is_ours};
use pam_2fa_settings::{Mode, Required, Settings, parse, plain_secrets};

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let path = &case.facts.places.config;
    let file = path.display().to_string();
    let say = |known: &'static Known, seen: &str| Finding::of(known, &file, seen).mending("FILE", &file);
    let Some(text) = case.files.text(path) else {
        return if case.is_in_use() { vec![say(&CONFIG_MISSING, "")] } else { Vec::new() };
    };
    let mut all = Vec::new();
    if let Some(node) = case.facts.nodes.get(path).map(|node| Node::of(node)) {
        let is_right = node.kind == "file" && node.mode == "0640" && node.owner == "root:pam-2fa";
        if !is_right {
            all.push(say(&CONFIG_MODE, node.text));
        }
    }
    match parse(&text) {
        Err(errors) => {
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            all.push(say(&CONFIG_WRONG, &first));
        }
        Ok(accepted) => {
            let plain: Vec<String> = plain_secrets(&text).into_iter().flatten().map(|(name, _)| name).collect();
            if !plain.is_empty() {
                all.push(say(&CONFIG_PLAIN, &plain.join(", ")));
            }
            all.extend(of_settings(case, &accepted.settings, say));
        }
    }
    all.extend(glass(case));
    all
}

fn of_settings(case: &Case<'_>, settings: &Settings, say: impl Fn(&'static Known, &str) -> Finding) -> Vec<Finding> {
    let mut all = Vec::new();
    if case.is_in_use() && settings.policy.required == Required::Disabled {
        all.push(say(&POLICY_OFF, "required = \"disabled\""));
    }
    if let Mode::ReportUntil(_) = settings.policy.mode {
        all.push(say(&POLICY_REPORT, ""));
    }
    let status = case.facts.daemon.as_ref().and_then(|daemon| daemon.status.as_ref());
    if let Some(required) = status.and_then(|status| status.required).filter(|now| *now != settings.policy.required) {
        all.push(say(&CONFIG_UNLOADED, &format!("policy.required: configd goes by {required:?}")));
    }
    let mails = settings.email.iter();
    let files = mails.filter_map(|email| email.ca_file.as_ref()).filter(|path| case.files.text(path).is_none());
    for path in files {
        let mut finding = say(&CA_FILE, "email.ca_file");
        finding.place.clone_from(path);
        all.push(finding);
    }
    all
}

/// A console whose line takes codes on paper, and nobody has such.
fn glass(case: &Case<'_>) -> Option<Finding> {
    let takes = |what: &What| match what {
        What::Module { options, .. } => options.iter().any(|option| option == "break-glass"),
        What::Substack(_) | What::Fails(_) => false,
    };
    let service = case
        .files
        .services
        .iter()
        .find(|service| service.lines().iter().any(|line| is_ours(line) && takes(&line.what)))?;
    (case.facts.glass == Some(false)).then(|| Finding::of(&GLASS_NONE, &service.file, "").about(&service.name))
}
