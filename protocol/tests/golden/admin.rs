//! Frames of `io.pam2fa.Admin`: of users, devices, exemptions, break-glass codes, and of what is explained.

use super::*;

pub(super) fn account_frames(add: &mut impl FnMut(&[u8])) {
    let name = || String::from("ada");
    let pass = |kind, from: Option<&str>| admin::Pass {
        id: "K7Q2M9XD".into(),
        kind,
        made: "2026-11-24T04:00:00Z".into(),
        until: "2026-11-24T06:00:00Z".into(),
        from: from.map(Into::into),
        service: from.map(|_| "sshd".into()),
        reason: from.map(|_| "ticket 4711".into()).unwrap_or_default(),
    };
    let (invitation, grant) =
        (pass(admin::PassKind::Invitation, None), pass(admin::PassKind::Grant, Some("192.0.2.0/24")));
    let whole = admin::User {
        app_since: Some("2026-11-24T04:00:00Z".into()),
        recovery_codes: 10,
        prefers: Some(admin::Method::App),
        passes: vec![invitation.clone(), grant.clone()],
        disabled_since: Some("2026-11-24T04:00:00Z".into()),
        ..user()
    };
    add(&reply(&admin::UserReply { user: Some(whole) }, LAST));
    add(&call(admin::USER_UNLOCK, &admin::UserUnlock { name: name() }, More::No));
    add(&reply(&admin::UserUnlockReply { user: user(), forgotten: 3, was_disabled: true }, LAST));
    add(&call(admin::USER_DISABLE, &admin::UserDisable { name: name() }, More::No));
    add(&call(admin::USER_RESET, &admin::UserReset { name: name() }, More::No));
    add(&reply(&admin::UserResetReply { user: user(), gone: vec!["g".into()] }, LAST));
    add(&call(admin::USER_INVITE, &admin::UserInvite { name: name() }, More::No));
    for pass in [invitation, grant] {
        let code = Secret::new("7K3M-Q9XD-7K3M-Q9XD".into());
        add(&reply(&admin::OneTimeCode { code, user: name(), uid: 1000, pass, notes: vec![] }, LAST));
    }
    let (from, service) = (Some("192.0.2.0/24".into()), Some("sshd".into()));
    let grant = admin::UserGrant { name: name(), for_s: Some(7200), from, service, reason: "ticket 4711".into() };
    add(&call(admin::USER_GRANT, &grant, More::No));
    let row = admin::ImportRow {
        line: 2,
        name: name(),
        verify: Some(Verify::Always),
        email: Some("ada@example.com".into()),
        phone: None,
        language: None,
    };
    let import = admin::UserImport { rows: vec![row], trusted: false, skip_unknown: true, dry_run: true };
    add(&call(admin::USER_IMPORT, &import, More::No));
    let wrong = vec![admin::WrongRow { line: 2, why: "w".into() }];
    add(&reply(&admin::UserImportReply { wrong, ..admin::UserImportReply::default() }, LAST));
}

pub(super) fn device_frames(add: &mut impl FnMut(&[u8])) {
    let device = |ended: Option<&str>| admin::Device {
        id: "K7Q2M9XD".into(),
        user: "ada".into(),
        uid: 1000,
        class: "ssh".into(),
        name: "key SHA256:AAAA from 192.0.2.7/32".into(),
        first_used: "2026-11-24T04:00:00Z".into(),
        last_used: "2026-11-24T05:00:00Z".into(),
        last_from: "192.0.2.7".into(),
        until: "2026-11-24T12:00:00Z".into(),
        ended: ended.map(Into::into),
    };
    add(&call(admin::DEVICE_LIST, &admin::DeviceList::default(), More::Yes));
    add(&call(admin::DEVICE_LIST, &admin::DeviceList { user: Some("ada".into()) }, More::Yes));
    add(&reply(&admin::DeviceReply { device: Some(device(None)) }, Continues::Yes));
    add(&reply(&admin::DeviceReply { device: None }, LAST));
    let ids = vec![String::from("K7Q2M9XD")];
    add(&call(admin::DEVICE_REVOKE, &admin::DeviceRevoke { ids, user: None }, More::No));
    add(&call(admin::DEVICE_REVOKE, &admin::DeviceRevoke { ids: vec![], user: Some("ada".into()) }, More::No));
    add(&reply(&admin::DeviceRevokeReply { devices: vec![device(Some("expired"))] }, LAST));
}

pub(super) fn coded_frames(add: &mut impl FnMut(&[u8])) {
    add(&call(admin::CODED_LOGIN, &admin::CodedLogin { service: "sshd".into() }, More::No));
    let login = admin::Coded {
        user: "ada".into(),
        factor: "email".into(),
        began: "2026-11-24T06:00:00Z".into(),
        began_boot_ms: 123_456,
    };
    add(&reply(&admin::CodedLoginReply { login: Some(login) }, LAST));
    add(&reply(&admin::CodedLoginReply { login: None }, LAST));
}

pub(super) fn exemption_frames(add: &mut impl FnMut(&[u8])) {
    let whole = |change| admin::ExemptionChanged {
        change,
        id: "1NGAH00".into(),
        user: Some("ci".into()),
        network: Some("192.0.2.0/24".into()),
        until: Some("2027-01-31T23:59:59Z".into()),
        reason: Some("r".into()),
        by: "ada".into(),
    };
    add(&call(admin::EXEMPTION_CHANGED, &whole(admin::ExemptionChange::Added), More::No));
    add(&call(admin::EXEMPTION_CHANGED, &whole(admin::ExemptionChange::Removed), More::No));
    let edited = admin::ExemptionChanged {
        user: None,
        network: None,
        until: None,
        reason: None,
        ..whole(admin::ExemptionChange::Expired)
    };
    add(&call(admin::EXEMPTION_CHANGED, &edited, More::No));
    add(&reply(&Nothing {}, LAST));
}

pub(super) fn break_glass_frames(add: &mut impl FnMut(&[u8])) {
    let made = admin::BreakGlassChanged {
        change: admin::BreakGlassChange::Made,
        ids: vec!["K7Q2M9XD".into(), "3F8TN0WB".into()],
        user: "root".into(),
        uid: 0,
        until: Some("2027-02-27T06:00:00Z".into()),
        reason: Some("r".into()),
        at: None,
        by: Some("ada".into()),
    };
    add(&call(admin::BREAK_GLASS_CHANGED, &made, More::No));
    let used = admin::BreakGlassChanged {
        change: admin::BreakGlassChange::Used,
        ids: vec!["K7Q2M9XD".into()],
        until: None,
        reason: None,
        at: Some("2026-12-24T03:00:00Z".into()),
        by: None,
        ..made
    };
    add(&call(admin::BREAK_GLASS_CHANGED, &used, More::No));
    add(&reply(&Nothing {}, LAST));
}

pub(super) fn explain_frames(add: &mut impl FnMut(&[u8])) {
    let explain = |from: Option<&str>| admin::Explain {
        user: "ada".into(),
        service: "sshd".into(),
        from: from.map(Into::into),
        tty: None,
        auth_info: None,
    };
    add(&call(admin::EXPLAIN, &explain(Some("192.0.2.7")), More::No));
    add(&call(admin::EXPLAIN, &explain(None), More::No));
    let explained = |decision| admin::ExplainReply {
        decision,
        reason: "ask".into(),
        detail: None,
        uid: Some(1000),
        class: "ssh".into(),
        source: "192.0.2.7/32".into(),
        rules: vec![admin::LookedAt { rule: "ask".into(), decides: true, why: "a code by email".into() }],
        message: Some("m".into()),
        tries: None,
        generation: 2,
    };
    use admin::Foreseen::{Ask, Deny, MaxTries, NotSubject, Unavailable};
    for decision in [Ask, NotSubject, Deny, Unavailable, MaxTries] {
        add(&reply(&explained(decision), LAST));
    }
}
