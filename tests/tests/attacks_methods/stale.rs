//! Somebody proved to be the user, and goes on after an administrator has taken away what it was proven with.

use crate::common::*;
use e2e::app::{key_on, recovery_codes_on, shows};
use e2e::mailbox;
use e2e::world::{Person, Plan, World};
use serde_json::json;

/// Ada's recovery codes: she enrols an app and is shown them.
fn recovery_codes(world: &World, ada: &Person, used: usize) -> Vec<String> {
    let mut own = Talk::own(world, ada.host.uid);
    let said = own.call("Change", &json!({ "user": ada.host.name, "what": "codes" }));
    assert!(said.asks().contains("Code sent by email"), "{said:?}");
    let said = own.answer(&mailbox::wait_for_code(&ada.email, used + 1).code());
    let codes = recovery_codes_on(&said.tells());
    assert_eq!(codes.len(), 10, "{said:?}");
    assert!(own.answer("").is_done());
    codes
}

/// An intruder who reads ada's mail stands one Enter before new recovery codes, when the administrator hears of it.
#[test]
#[ignore = "needs tests/ns/enter"]
fn codes_shown_before_the_address_was_taken_away_are_worth_nothing_after_it() {
    for resets in [false, true] {
        let world = Plan::default().start();
        let ada = world.person("ada");
        let mut own = Talk::own(&world, ada.host.uid);
        let _asked = own.call("Change", &json!({ "user": ada.host.name, "what": "codes" }));
        let said = own.answer(&mailbox::wait_for_code(&ada.email, 1).code());
        let codes = recovery_codes_on(&said.tells());
        assert_eq!(codes.len(), 10, "{said:?}");
        if resets {
            let _said = command(&world, &["user", "reset", &ada.host.name]);
        }
        vouch(&world, &ada, &format!("new-{}", ada.email));
        let said = own.answer("");
        assert!(!said.is_done(), "resets={resets}: {said:?}");
        let (mut login, _asked) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
        assert!(!login.answer(codes.first().unwrap()).is_allow(), "resets={resets}");
    }
}

/// The same with a stolen recovery code, which leaves nothing behind to look at.
#[test]
#[ignore = "needs tests/ns/enter"]
fn an_app_begun_with_a_stolen_recovery_code_is_not_enrolled_after_a_reset() {
    for vouches in [false, true] {
        let world = Plan::default().start();
        let ada = world.person("ada");
        let codes = recovery_codes(&world, &ada, 0);
        let mut own = Talk::own(&world, ada.host.uid);
        let _asked = own.call("Change", &json!({ "user": ada.host.name, "what": "app" }));
        let said = own.answer(codes.first().unwrap());
        let key = key_on(&said.tells());
        let _said = command(&world, &["user", "reset", &ada.host.name]);
        if vouches {
            vouch(&world, &ada, &ada.email);
        }
        let said = own.answer(&shows(&key));
        assert!(!said.is_done(), "vouches={vouches}: {said:?}");
        let shown = command(&world, &["user", "show", &ada.host.name]);
        assert!(!shown.contains("since 20"), "an app is there: {shown}");
    }
}
