//! What libpam makes of the services that ask for a code, or are meant to: whether one gets by, or nobody gets in.

use super::super::files::Service;
use super::super::finding::Finding;
use super::super::known::{
    Known, NOTHING_ON, SERVICE_OFF, STACK_DECOY, STACK_DOOR, STACK_FAILLOCK, STACK_FAILS_OPEN, STACK_GONE,
    STACK_LOCKS_OUT, STACK_OPTIONS, STACK_OTHER_PHASE, STACK_PASSED_BY, STACK_TWICE, STACK_UNCOUNTED, STACK_UNPROVEN,
    STACK_UNREADABLE,
};
use super::Case;
use crate::enable::stack::What;

pub(super) fn findings(case: &Case<'_>, wanted: Option<&str>) -> Vec<Finding> {
    let services = &case.files.services;
    let mut all: Vec<Finding> = services.iter().flat_map(of_service).collect();
    if let Some(off) = wanted.and_then(|name| case.files.service(name)).filter(|service| !service.is_on()) {
        all.push(Finding::of(&SERVICE_OFF, &off.file, "").about(&off.name));
    } else if !case.is_in_use() {
        all.push(Finding::of(&NOTHING_ON, "/etc/pam.d", ""));
    }
    all.extend(faillock(services));
    all
}

fn of_service(service: &Service) -> Vec<Finding> {
    let about = |known: &'static Known, place: &str, seen: &str| {
        Finding::of(known, place, seen).about(&service.name).mending("FILE", &file_of(place))
    };
    if !service.is_on() && !service.is_meant {
        return Vec::new();
    }
    if let Err(why) = &service.stack {
        return vec![about(&STACK_UNREADABLE, &service.file, &why.to_string())];
    }
    let other_phase = |(place, lines): &(String, String)| about(&STACK_OTHER_PHASE, place, "").mending("LINE", lines);
    let mut all: Vec<Finding> = service.other_phases.iter().map(other_phase).collect();
    if !service.is_on() {
        if service.has_receipt {
            all.push(about(&STACK_GONE, &service.file, ""));
        }
        return all;
    }
    let (answer, file) = (&service.answer, &service.file);
    all.extend(answer.wrong.iter().map(|place| about(&STACK_OPTIONS, &place.to_string(), "")));
    let ways = [
        (&STACK_UNPROVEN, &answer.unproven),
        (&STACK_PASSED_BY, &answer.passed_by),
        (&STACK_FAILS_OPEN, &answer.overruled),
        (&STACK_TWICE, &answer.twice),
        (&STACK_DECOY, &answer.decoy_let_in),
        (&STACK_DECOY, &answer.decoy_proven),
    ];
    all.extend(ways.into_iter().filter_map(|(known, way)| Some(about(known, file, way.as_deref()?))));
    // Who has wrong options denies everyone: that is said already.
    if answer.wrong.is_empty() && answer.shuts_out_coded {
        all.push(about(&STACK_LOCKS_OUT, file, "nobody gets in with a right code"));
    } else if answer.wrong.is_empty() && answer.shuts_out_others {
        all.push(about(
            &STACK_LOCKS_OUT,
            file,
            "nobody gets in who is asked no code: let pam_permit.so follow our line",
        ));
    }
    // root may become anybody anyway.
    let doors = answer.doors.iter().filter(|door| !door.contains("pam_rootok.so"));
    all.extend(doors.map(|door| about(&STACK_DOOR, door.split(' ').next().unwrap_or_default(), door)));
    if answer.is_cut {
        all.push(about(&STACK_UNCOUNTED, file, ""));
    }
    all
}

/// `FILE:LINE` → `FILE`.
fn file_of(place: &str) -> String {
    place.rsplit_once(':').map_or(place, |(file, _)| file).to_owned()
}

/// Once for the host: distributions leave it to the administrator.
fn faillock(services: &[Service]) -> Option<Finding> {
    let counts = |service: &Service| {
        service.lines().iter().any(|line| match &line.what {
            What::Module { path, .. } => ["pam_faillock.so", "pam_tally2.so"].iter().any(|name| path.ends_with(name)),
            What::Substack(_) | What::Fails(_) => false,
        })
    };
    let without: Vec<&str> = services
        .iter()
        .filter(|service| service.is_on() && !counts(service))
        .map(|service| service.name.as_str())
        .collect();
    (!without.is_empty()).then(|| Finding::of(&STACK_FAILLOCK, "/etc/pam.d", without.join(", ")))
}
