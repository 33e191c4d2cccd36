//! Provider files: what the shipped ones say, and what is said of those that are wrong.

#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "the tests' own helpers")]

use pam_2fa_settings::provider::{Alphabet, Auth, Cleartext, Http, MAX_FILE, Provider, Source, Way, parse};
use proptest::prelude::*;
use std::path::Path;

const PROVEN: &[&str] = &[
    "africastalking",
    "aws-sns",
    "azure",
    "bandwidth",
    "brevo",
    "d7",
    "exec",
    "fortysixelks",
    "gammu",
    "gatewayapi",
    "http",
    "infobip",
    "kannel",
    "messagebird",
    "modemmanager",
    "ovh",
    "plivo",
    "sinch",
    "smpp",
    "telnyx",
    "twilio",
    "vonage",
    "vonage-messages",
];
const UNPROVEN: &[&str] = &[
    "bird",
    "bulksms",
    "clickatell",
    "clicksend",
    "esendex",
    "eztexting",
    "msg91",
    "playsms",
    "seven",
    "signalwire",
    "smsapi",
    "smsbroadcast",
    "smsglobal",
    "smsmode",
    "smsworks",
    "textlocal",
    "textmagic",
];

const GOOD: &str = r#"schema = 1
id = "x"
name = "X"

[[account]]
key = "token"
label = "Token"
secret = true

[request]
method = "POST"
url = "https://api.example.com/messages"
auth = { type = "bearer", token = "{acct.token}" }
body = "json"
json = { to = "{to}", text = "{text}" }

[reply]
accept_http = [200]
accept = [ { path = "id", exists = true } ]
"#;

fn shown(text: &str) -> String {
    parse("x", text).expect_err(text).iter().map(|finding| format!("{finding}\n")).collect()
}

#[track_caller]
fn http(provider: &Provider) -> &Http {
    let Way::Http(http) = &provider.way else { panic!("{provider:?}") };
    http
}

/// [`GOOD`] with something else in a place of it.
fn with(place: &str, instead: &str) -> String {
    assert!(GOOD.contains(place), "{place}");
    GOOD.replace(place, instead)
}

/// The files of a folder below `etc`, by name.
fn shipped(folder: &str) -> Vec<String> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc")).join(folder);
    let mut ids = Vec::new();
    for path in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        assert_eq!(path.extension().unwrap(), "toml", "{path:?}");
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let provider = parse(&id, &std::fs::read_to_string(&path).unwrap()).map_err(|findings| format!("{findings:?}"));
        assert_eq!(provider.unwrap().id, id);
        ids.push(id);
    }
    ids.sort();
    ids
}

#[test]
fn every_shipped_file_is_good_and_named_by_its_id() {
    let proven = shipped("providers");
    assert_eq!(proven, PROVEN);
    let unproven = shipped("providers/unproven");
    assert_eq!(unproven, UNPROVEN);
    assert!(unproven.iter().all(|id| !proven.contains(id)));
}

#[test]
fn the_file_that_the_documentation_shows_is_good() {
    let page = include_str!("../../docs/sms.md");
    let text =
        page.split("```").find_map(|block| block.strip_prefix("toml\n").filter(|text| text.starts_with("schema")));
    let provider = parse("example", text.unwrap()).map_err(|findings| format!("{findings:?}")).unwrap();
    assert_eq!(http(&provider).reply.rules.len(), 1);
}

/// What the documentation shows of a file for SMPP, with what every file has and an account.
fn smpp(block: &str) -> String {
    let keys = ["host", "port", "tls", "system_id", "password", "system_type"];
    let field = |key: &str| {
        let optional = if key == "system_type" { "optional = true\n" } else { "" };
        format!("\n[[account]]\nkey = \"{key}\"\nlabel = \"L\"\n{optional}")
    };
    format!("schema = 1\nid = \"x\"\nname = \"X\"\n{block}{}", keys.map(field).concat())
}

#[test]
fn what_the_documentation_shows_for_smpp_is_good_and_what_else_stands_there_is_an_error() {
    let page = include_str!("../../docs/sms.md");
    let block = page.split("```").find_map(|block| block.strip_prefix("toml\n").filter(|text| text.contains("[smpp]")));
    let good = smpp(block.unwrap());
    let provider = parse("x", &good).map_err(|findings| format!("{findings:?}")).unwrap();
    let Way::Smpp(read) = &provider.way else { panic!("{provider:?}") };
    assert_eq!((read.cleartext, read.alphabet), (Cleartext::LoopbackOrPrivate, Alphabet::Gsm));
    assert_eq!((read.rules.len(), read.rules[0].status.as_slice()), (1, [0x405, 0x406].as_slice()));
    for (place, instead, expected) in [
        ("[smpp]", "[exec]", "there is no such key"),
        ("host = \"{acct.host}\"", "", "host: is missing"),
        ("password = \"{acct.password}\"", "", "password: is missing"),
        ("alphabet = \"gsm\"", "alphabet = \"utf-8\"", "is not one of \"gsm\", \"latin-1\", \"ucs-2\""),
        ("[0x405, 0x406]", "[0]", "other than 0"),
        ("[0x405, 0x406]", "[]", "must be a list of command_status"),
        ("[0x405, 0x406]", "[\"ESME_RINVDSTADR\"]", "must be a list of command_status"),
        ("class = \"auth-error\"", "class = \"accepted\"", "class"),
        ("allow_cleartext = ", "allow_http = ", "there is no such key"),
        ("{acct.system_type?}", "{acct.system_type}", "must stand alone as {acct.system_type?}"),
    ] {
        assert!(good.contains(place), "{place}");
        let found = shown(&good.replace(place, instead));
        assert!(found.contains(expected), "{expected}\n{found}");
    }
}

#[test]
fn a_good_file_says_what_stands_in_it() {
    let provider = parse("x", GOOD).unwrap();
    assert_eq!((provider.name.as_str(), http(&provider).cleartext), ("X", Cleartext::Never));
    assert!(provider.account[0].secret && !provider.account[0].optional);
    let Auth::Bearer { token } = &http(&provider).request.auth else { panic!("{provider:?}") };
    assert_eq!(token.sources().collect::<Vec<_>>(), [&Source::Account("token".into())]);
    assert_eq!(http(&provider).reply.accept_http, [200]);
}

#[test]
fn all_errors_are_listed_in_order_with_line_and_column_and_the_nearest_key() {
    let text = r#"schema = 2
id = "y"
nmae = "X"
transport = "pigeon"
allow_http = "always"

[[account]]
key = "a b"
label = ""
secret = "yes"
pattern = "(["
[[account]]
label = "Nameless"

[request]
method = "PUT"
url = "{acct.base}/{nmuber}"
auth = { type = "jwt-rs256", key = "k" }
query = { to = "{to?}x", n = 1 }
headers = { Host = "example.com", "X Y" = "{to}" }
body = "json"
form = { to = "{to}" }

[reply]
accept_http = [99, "200"]
accept = [ { path = "a..b", exists = true }, { is = ["1"] }, { path = "a" }, { path = "a", is = [] }, { every = false } ]
id = "ids[*]"
[[reply.error]]
class = "accepted"
path = "code"
is = [1, 2]
[[reply.error]]
class = "auth-error"
reason = "bad-number"
http = [403]
[[reply.error]]
class = "temporary"
"#;
    insta::assert_snapshot!(shown(text));
}

#[test]
fn what_does_not_fit_together_is_an_error() {
    for (place, instead, expected) in [
        ("{acct.token}", "{acct.tokn}", "there is no such field"),
        ("{acct.token}", "none", "this field is not used"),
        ("secret = true", "optional = true", "must stand alone as {acct.token?}"),
        ("https://api", "http://api", "plain http"),
        ("https://api.example.com", "ftp://api.example.com", "begins with https://"),
        ("https://api.example.com", "{to}", "begins with https://"),
        ("/messages", "/messages?text=1", "parameters go into query"),
        ("https://", "https://user@", "users into auth"),
        ("/messages", "/{acct.token}", "which servers and proxies log"),
        ("/messages", "/{code}", "which servers and proxies log"),
        ("body =", "query = { text = \"{text}\" }\nbody =", "which servers and proxies log"),
        ("text = \"{text}\"", "text = \"hello\"", "neither {text} nor {code} is sent"),
        ("to = \"{to}\"", "to = \"+1555\"", "neither {to} nor {to.digits} nor {to.national} is sent"),
        ("body = \"json\"\njson =", "body = \"form\"\nform =", ""),
        ("json = { to = \"{to}\"", "json = { to = 1.5", "is a number with a point"),
        ("exists = true", "exists = false", "nothing that must be in the reply"),
        ("{ path = \"id\", exists = true }", "", "nothing that must be in the reply"),
        ("{ path = \"id\", exists = true }", "{ http = [200] }", "nothing that must be in the reply"),
        ("method = \"POST\"", "method = \"GET\"", "a GET has none"),
        ("id = \"x\"", "id = \"z\"", "must be the name of the file, \"x\""),
    ] {
        let text = with(place, instead);
        match (parse("x", &text), expected) {
            (Ok(_), "") => {}
            (Ok(_), _) => panic!("{text}\nwas taken; {expected}"),
            (Err(_), "") => panic!("{}", shown(&text)),
            (Err(_), _) => assert!(shown(&text).contains(expected), "{expected}\n{}", shown(&text)),
        }
    }
    assert!(parse("x", &with("{to}\"", "{ttl|int}\", n = \"{to}\"")).is_ok());
    let form = with("body = \"json\"\njson = { ", "body = \"form\"\nform = { n = \"{ttl|int}\", ");
    assert!(shown(&form).contains("|int and |bool are for JSON bodies"));
}

#[test]
fn a_signature_is_made_of_all_that_it_needs_and_one_of_a_later_release_is_said_to_be_one() {
    const AUTH: &str = "{ type = \"bearer\", token = \"{acct.token}\" }";
    let ovh = "{ type = \"ovh\", app_key = \"a\", app_secret = \"{acct.token}\", consumer_key = \"c\" }";
    let sigv4 = |more: &str| {
        format!(
            "{{ type = \"aws-sigv4\", service = \"sns\", region = \"r\", id = \"i\", secret = \"{{acct.token}}\"{more} }}"
        )
    };
    for (auth, expected) in [
        (sigv4("").as_str(), &[][..]),
        (&sigv4(", session_token = \"t\""), &[]),
        (&sigv4(", token = \"t\""), &["request.auth.token: there is no such key"]),
        (ovh, &[]),
        ("{ type = \"azure-hmac\", key = \"{acct.token}\" }", &[]),
        ("{ type = \"smsglobal-mac\", key = \"k\", secret = \"{acct.token}\" }", &[]),
        (
            "{ type = \"aws-sigv4\", secret = \"{acct.token}\" }",
            &["auth.service: is missing", "auth.region: is", "auth.id: is"],
        ),
        ("{ type = \"azure-hmac\", key = \"{acct.token?}\" }", &["request.auth.key: there is no signature without it"]),
        ("{ type = \"azure-hmac\", key = \"\" }", &["request.auth.key: must be 1 to 512 bytes"]),
        ("{ type = \"jwt-rs256\", key = \"k\" }", &["not available in this release"]),
        ("{ type = \"oauth2-client\" }", &["not available in this release"]),
        (
            "{ type = \"hmac\" }",
            &["is not one of \"none\", \"basic\", \"bearer\", \"header\", \"aws-sigv4\", \"azure-hmac\""],
        ),
    ] {
        let text = with(AUTH, auth);
        match parse("x", &text) {
            Ok(provider) => {
                assert!(expected.is_empty(), "{auth} was taken");
                assert!(matches!(http(&provider).request.auth, Auth::Signed(_)), "{auth}");
            }
            Err(_) if expected.is_empty() => panic!("{}", shown(&text)),
            Err(_) => {
                expected.iter().for_each(|words| assert!(shown(&text).contains(words), "{words}: {}", shown(&text)))
            }
        }
    }
}

#[test]
fn a_secret_in_a_url_has_to_be_asked_for() {
    let text = with("name = \"X\"", "name = \"X\"\nsecret_in_url = true").replace("/messages", "/{acct.token}");
    assert!(parse("x", &text).is_ok());
}

#[test]
fn a_pattern_that_would_take_up_the_memory_is_refused() {
    let pattern = "path = \"id\", match = \"((a{100}){100}){100}\"";
    assert!(shown(&with("path = \"id\", exists = true", pattern)).contains("not a regular expression"));
}

proptest! {
    #[test]
    fn no_text_brings_the_parser_down(cut in 0..GOOD.len(), noise in "[\\[\\]{}=\".a-z0-9\n|?:*]{0,40}") {
        let mut text = GOOD.to_owned();
        text.insert_str(cut, &noise);
        let _ = parse("x", &text);
    }
}

#[test]
fn a_file_that_no_provider_needs_is_not_parsed() {
    assert!(shown(&format!("# {}\n{GOOD}", "x".repeat(MAX_FILE))).contains("longer than 64 KiB"));
}
