//! Our module and the others that the stacks need: whether they are there, for each libpam of the host, and whose they are.

use super::super::files::Service;
use super::super::finding::Finding;
use super::super::known::{MODULE_MISSING, MODULE_MULTILIB, MODULE_OTHER, MODULE_WRITABLE};
use super::Case;
use crate::enable::stack::{What, is_ours};
use std::collections::BTreeSet;
use std::path::Path;

const OURS: &str = "pam_2fa.so";

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let on: Vec<&Service> = case.files.services.iter().filter(|service| service.is_on()).collect();
    let mut all = Vec::new();
    if on.is_empty() || case.files.modules.is_empty() {
        return all;
    }
    let named: BTreeSet<&str> = on
        .iter()
        .flat_map(|service| service.lines())
        .filter(|line| is_ours(line))
        .filter_map(|line| match &line.what {
            What::Module { path, .. } => Some(path.as_str()),
            What::Substack(_) | What::Fails(_) => None,
        })
        .collect();
    let missing: Vec<&&str> = named.iter().filter(|path| !case.files.has_module(path)).collect();
    all.extend(missing.iter().map(|path| Finding::of(&MODULE_MISSING, path, "")));
    let has_ours = |folder: &Path| case.files.modules.get(folder).is_some_and(|names| names.contains(OURS));
    if missing.is_empty() && case.files.modules.keys().any(|folder| has_ours(folder)) {
        let without = case.files.with_libpam.iter().filter(|folder| !has_ours(folder));
        all.extend(without.map(|folder| Finding::of(&MODULE_MULTILIB, folder.join(OURS).display(), "")));
    }
    for service in &on {
        if let Some((line, What::Module { path, .. })) = case.files.lacks(service).map(|line| (line, &line.what)) {
            let seen = format!("{path} is in none of the folders of modules");
            let file = line.place.file.display().to_string();
            all.push(Finding::of(&MODULE_OTHER, &line.place, seen).about(&service.name).mending("FILE", &file));
        }
    }
    for (path, node) in &case.facts.nodes {
        let is_module = path.file_name().is_some_and(|name| name == OURS);
        let mode = node.split(' ').nth(1).and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0);
        if is_module && node != "none" && (mode & 0o022 != 0 || !node.contains(" root:")) {
            let path = path.display().to_string();
            all.push(Finding::of(&MODULE_WRITABLE, &path, node).mending("FILE", &path));
        }
    }
    all
}
