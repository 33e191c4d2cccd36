//! A code of the app: good once, in its time, by the clock as it stands.

use super::*;

#[test]
fn a_code_of_the_app_is_good_once_one_step_late_and_never_early() {
    for (from_now_s, strict, good) in
        [(0, false, true), (-30, false, true), (-30, true, false), (-60, false, false), (30, false, false)]
    {
        let mut world = world();
        prefers(&mut world, Method::App);
        if strict {
            world.rules.profile = pam_2fa_settings::Profile::PciDss;
        }
        let code = code_of_app(&world, from_now_s);
        let (login, _) = begin(&mut world);
        let (_, said) = world.answer(login, &code);
        assert_eq!(said.verdict() == Some(Verdict::Allow), good, "{from_now_s} {strict}");
        assert_eq!(world.charged, 1, "right or wrong, it is charged before it is compared");
        if good {
            let (login, _) = begin(&mut world);
            let (_, said) = world.answer(login, &code);
            assert_eq!(said.verdict(), None, "used");
            assert!(said.prompt().starts_with("Wrong code, 2 tries left"), "{}", said.prompt());
        }
    }
}

#[test]
fn two_logins_with_one_code_of_the_app_let_one_in() {
    let mut world = world();
    prefers(&mut world, Method::App);
    let (first, _) = begin(&mut world);
    let (second, _) = begin(&mut world);
    let code = code_of_app(&world, 0);
    let (_, said) = world.answer(first, &code);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    let (_, said) = world.answer(second, &code);
    assert_eq!(said.verdict(), Some(Verdict::Deny), "read before the first used it up; the commit looks again");
}

#[test]
fn a_code_of_the_app_may_be_typed_at_the_choice() {
    let mut world = world();
    let (login, _) = begin(&mut world);
    let code = code_of_app(&world, 0);
    let (_, said) = world.answer(login, &code);
    assert_eq!(said.verdict(), Some(Verdict::Allow));
    assert!(world.sent.is_empty());
}

/// A clock that stood ahead at the boot was believed, and is right again: the app on the telephone was right all the time.
#[test]
fn where_the_clock_stands_behind_a_time_that_was_seen_the_app_is_right_by_the_clock_and_no_used_code_is_good_again() {
    for (from_now_s, last_ago_s, good) in [
        (0, None, true),
        (-30, None, true),
        (30, None, false),
        (7_200, None, false),
        (0, Some(0), false),
        (0, Some(30), true),
    ] {
        let mut world = world();
        prefers(&mut world, Method::App);
        let right_s = world.now.wall_s;
        (world.behind_s, world.now.wall_s) = (7_200, right_s + 7_200);
        let code = code_of_app(&world, from_now_s - 7_200);
        if let Some(ago) = last_ago_s {
            world.methods.get_mut(&ada()).unwrap().app.as_mut().unwrap().last_step = (right_s - ago) / 30;
        }
        let (login, _) = begin(&mut world);
        let (_, said) = world.answer(login, &code);
        assert_eq!(said.verdict() == Some(Verdict::Allow), good, "{from_now_s} {last_ago_s:?}");
        if good {
            // And when the clock has caught up, it is used still.
            world.behind_s = 0;
            let (login, _) = begin(&mut world);
            let (_, said) = world.answer(login, &code);
            assert_eq!(said.verdict(), None, "{from_now_s}");
        }
    }
}
