//! Text messages from the Setup window: a test that is seen as it happens, and a provider from the list to a login by its messages.

use e2e::setup::{CLEAR, ENTER, ESCAPE, F2, F3, F5, F10, open, to};
use e2e::sms_gateway::{Gateway, Play, TOKEN};
use e2e::window::Window;
use e2e::world::{Plan, World, text_of};
use std::fs;

const NUMBER: &str = "+12125550100";

/// F5 where the number is asked for, and the number.
fn test_to(window: &mut Window, number: &str) {
    window.press(F5);
    let _ = window.wait_for("The number that gets the test message");
    // That of the last one stands there.
    window.press(CLEAR);
    window.press(number.as_bytes());
    let _ = window.wait_for(number);
    window.press(ENTER);
}

fn close(window: &mut Window) {
    window.press(ENTER);
    let _ = window.wait_until("the conversation to go", |screen| !screen.contains("Enter: close"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_test_text_asks_where_to_and_shows_each_step_as_it_happens_and_the_gateways_own_words() {
    let world = Plan::default().with_texts().start();
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "Provider");
    test_to(&mut window, "0212555");
    let _ = window.wait_for("! not a number: write + and the country code");
    assert!(world.gateway().arrived().is_empty());

    // It has the message, and says nothing: the step stands there before there is an end of it.
    world.gateway().play([Play::Silent]);
    window.press(CLEAR);
    window.press(NUMBER.as_bytes());
    window.press(ENTER);
    let _arrived = world.gateway().until_arrived(1);
    let screen = window.wait_for("as http.toml says");
    assert!(screen.contains('…') && !screen.contains("Not sent") && !screen.contains("Accepted"), "{screen}");
    let _ = window.wait_for("Not sent: ");
    let said = window.sentences();
    assert!(said.contains("an answer that proves nothing") && said.contains("no reply in time"), "{said}");
    close(&mut window);

    // Its own words for no, and what to change.
    world.gateway().play([Play::say(401, r#"{"error":"credentials","hint":"ask Ms Gatekeeper"}"#)]);
    test_to(&mut window, NUMBER);
    let _ = window.wait_for("Not sent: ");
    let said = window.sentences();
    assert!(said.contains("refused at sign-in") && said.contains("ask Ms Gatekeeper"), "{said}");
    assert!(said.contains("check sms.account"), "{said}");
    close(&mut window);

    test_to(&mut window, NUMBER);
    let _ = window.wait_for("Accepted for +12125550100: ");
    let [text] = world.texts().try_into().unwrap();
    assert!(text.to == NUMBER && text.text.contains("(TEST)"), "{text:?}");
    assert!(window.sentences().contains("gw-"), "{}", window.screen());
    assert!(!String::from_utf8_lossy(&window.raw()).contains(&text.code()), "the code is nobody's here");
    assert!(!String::from_utf8_lossy(&window.raw()).contains(TOKEN));
    close(&mut window);

    // Whoever does not want to wait need not.
    world.gateway().play([Play::Silent]);
    test_to(&mut window, NUMBER);
    let _ = window.wait_for("as http.toml says");
    window.press(ESCAPE);
    let _ = window.wait_until("the conversation to go", |screen| !screen.contains("Esc: do not wait"));
    window.press(F10);
    assert!(window.wait_for_end().success());
    assert!(text_of(&world.command(&["status"])).contains("of 500 in 24 h"));
}

/// A world without text messages, its window and a gateway beside it, chosen in the list.
fn with_gateway_chosen() -> (World, Gateway, Window) {
    let (world, gateway) = (Plan::default().start(), Gateway::start());
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "Provider");
    assert!(!window.screen().contains("Test SMS"), "{}", window.screen());
    window.press(ENTER);
    let _ = window.wait_for("Filter:");
    window.press(b"twil");
    let _ = window.wait_until("Twilio alone", |screen| screen.contains("> Twilio") && !screen.contains("A gateway of"));
    window.press(ENTER);
    let _ = window.wait_until("its fields", |screen| screen.contains("Account SID") && screen.contains("Auth Token"));
    // Another one has others; and every word of a name is found.
    window.press(ENTER);
    window.press(b"json");
    let _ = window.wait_until("the gateway alone", |screen| {
        screen.contains("> A gateway of your own (JSON over HTTP)") && !screen.contains("> Twilio")
    });
    window.press(ENTER);
    let _ = window.wait_until("its fields", |screen| {
        screen.contains("URL of the gateway") && screen.contains("Token (optional)") && !screen.contains("Account SID")
    });
    (world, gateway, window)
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_provider_is_chosen_in_the_list_tried_saved_with_its_secret_sealed_and_carries_the_next_login() {
    let (world, gateway, mut window) = with_gateway_chosen();
    to(&mut window, "URL of the gateway");
    window.press(gateway.url().as_bytes());
    let _ = window.wait_for(&gateway.url());
    to(&mut window, "Token (optional)");
    window.press(TOKEN.as_bytes());
    let dots = "•".repeat(TOKEN.len());
    let _ = window.wait_for(&dots);
    window.press(F3);
    let _ = window.wait_for(TOKEN);
    window.press(F3);
    let _ = window.wait_until("it to be hidden", |screen| !screen.contains(TOKEN));
    to(&mut window, "Sender");
    window.press(b"+15550199");
    let _ = window.wait_for("+15550199");

    // It is tried by what stands here, and nothing of it is in the file yet.
    test_to(&mut window, NUMBER);
    let _ = window.wait_for("Accepted for +12125550100: ");
    let [text] = gateway.until_taken(1).try_into().unwrap();
    assert_eq!((text.to.as_str(), text.from.as_deref()), (NUMBER, Some("+15550199")));
    assert!(!fs::read_to_string(world.config_file()).unwrap().contains("[sms]"));
    close(&mut window);

    window.press(F2);
    let screen = window.wait_for("Encrypted: ");
    assert!(screen.contains("+provider = \"http\"") && !screen.contains(TOKEN), "{screen}");
    assert!(window.sentences().contains("sms.account.token"), "{screen}");
    window.press(ENTER);
    let now = fs::read_to_string(world.config_file()).unwrap();
    assert!(
        now.contains("[sms]") && now.contains("provider = \"http\"") && now.contains("sender = \"+15550199\""),
        "{now}"
    );
    assert!(!now.contains(TOKEN) && now.contains("token = \"sealed:v1:"), "{now}");
    window.press(F10);
    assert!(window.wait_for_end().success());

    let ada = world.person("ada");
    let set = world.command(&["user", "set", &ada.host.name, "--phone", NUMBER, "--trusted", "--prefer", "sms"]);
    assert!(set.status.success(), "{}", text_of(&set));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Code sent by text message");
    ssh.wait_for(": ");
    ssh.type_line(&gateway.until_taken(2).pop().unwrap().code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_no_provider_chosen_again_nothing_of_it_stays_in_the_file() {
    let world = Plan::default().with_texts().start();
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "Provider");
    window.press(ENTER);
    let _ = window.wait_for("Filter:");
    window.press(b"nonexistent");
    let _ = window.wait_for("nothing fits");
    window.press(ENTER);
    let _ = window.wait_until("the list to go", |screen| !screen.contains("Filter:"));
    assert!(
        window.screen().contains("A gateway of your own"),
        "what fits nothing chooses nothing: {}",
        window.screen()
    );
    window.press(ENTER);
    let _ = window.wait_for("Filter:");
    // Home: none.
    window.press(b"\x1b[H");
    let _ = window.wait_for("> none");
    window.press(ENTER);
    let _ = window.wait_until("its fields to go", |screen| !screen.contains("URL of the gateway"));
    window.press(F2);
    let _ = window.wait_for("-provider = \"http\"");
    window.press(ENTER);
    let now = fs::read_to_string(world.config_file()).unwrap();
    assert!(!now.contains("sms") && !now.contains(TOKEN), "{now}");
    window.press(F10);
    assert!(window.wait_for_end().success());
}
