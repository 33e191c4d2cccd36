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
        let secret = key == "password";
        format!("\n[[account]]\nkey = \"{key}\"\nlabel = \"L\"\nsecret = {secret}\n{optional}")
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
        ("\"{acct.system_id}\"", "\"{acct.password}\"", "stands in another key than password"),
        ("\"{acct.host}\"", "\"{code}.example.com\"", "stands in another key than password"),
        ("\"{acct.port}\"", "\"{acct.password}\"", "stands in another key than password"),
        ("\"{acct.tls}\"", "\"{acct.password}\"", "stands in another key than password"),
        ("\"{acct.system_type?}\"", "\"{text}\"", "stands in another key than password"),
        ("\"{sender?}\"", "\"{code}\"", "stands in another key than password"),
        ("\"{acct.password}\"", "\"hunter2\"", "smpp: password: a secret in a file that all can read"),
        ("secret = true", "", "account: password: is password, which proves who we are; add secret = true"),
    ] {
        assert!(good.contains(place), "{place}");
        let found = shown(&good.replace(place, instead));
        assert!(found.contains(expected), "{expected}\n{found}");
    }
    let open = good.replace("\"auth-error\"", "\"temporary\"").replace("reason = \"funds\"", "");
    assert!(shown(&open).contains("smpp.error.reason: is missing"), "{}", shown(&open));
    let plain = good.replace("\"{acct.tls}\"", "\"false\"").replace("key = \"tls\"", "key = \"none\"");
    assert!(!shown(&plain).contains("tls"), "{}", shown(&plain));
    let plain: String =
        plain.lines().filter(|line| !line.starts_with("allow_cleartext")).map(|l| format!("{l}\n")).collect();
    assert!(shown(&plain).contains("smpp: tls = \"false\": only a centre of one's own"), "{}", shown(&plain));
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
        (
            "{ path = \"id\", exists = true }",
            "{ text = \"^[a-z]*\" }",
            "reply.accept.text: matches a text in which there is nothing",
        ),
        ("exists = true", "match = \"ok|\"", "reply.accept.match: matches a text in which there is nothing"),
        ("exists = true", "match = \"^ok\"", ""),
        ("[200]", "[200, 302]", "accept_http: no message is accepted with another status than 2xx"),
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
fn what_proves_who_we_are_is_a_secret_of_the_account() {
    const AUTH: &str = "type = \"bearer\", token = \"{acct.token}\"";
    let ovh = |secret: &str, consumer: &str| {
        format!("type = \"ovh\", app_key = \"{{acct.user}}\", app_secret = \"{secret}\", consumer_key = \"{consumer}\"")
    };
    let sigv4 = |secret: &str, token: &str| {
        format!(
            "type = \"aws-sigv4\", service = \"sns\", region = \"r\", id = \"{{acct.user}}\", secret = \"{secret}\", \
             session_token = \"{token}\""
        )
    };
    // `user` is a field that is not marked, `token` one that is.
    for (auth, key) in [
        (String::from("type = \"bearer\", token = \"@\""), "auth.token"),
        (String::from("type = \"basic\", user = \"{acct.user}\", pass = \"@\""), "auth.pass"),
        (String::from("type = \"header\", name = \"X-Key\", value = \"@\""), "auth.value"),
        (String::from("type = \"azure-hmac\", key = \"@\""), "auth.key"),
        (String::from("type = \"smsglobal-mac\", key = \"{acct.user}\", secret = \"@\""), "auth.secret"),
        (ovh("@", "{acct.token}"), "auth.app_secret"),
        (ovh("{acct.token}", "@"), "auth.consumer_key"),
        (sigv4("@", "{acct.token}"), "auth.secret"),
        (sigv4("{acct.token}", "@"), "auth.session_token"),
    ] {
        let of = |secret: &str| {
            let file = with(AUTH, &auth.replace('@', secret)).replace("json = {", "json = { u = \"{acct.user}\",");
            format!("{file}[[account]]\nkey = \"user\"\nlabel = \"User\"\n")
                .replace("text = \"{text}\"", "text = \"{text}\", t = \"{acct.token}\"")
        };
        assert!(parse("x", &of("{acct.token}")).is_ok(), "{}", shown(&of("{acct.token}")));
        let open = shown(&of("{acct.user}"));
        assert!(
            open.contains(&format!("account: user: is {key}, which proves who we are; add secret = true")),
            "{open}"
        );
        let literal = shown(&of("Zm9v"));
        assert!(literal.contains(&format!("request: {key}: a secret in a file that all can read")), "{literal}");
    }
    let header = "type = \"header\", name = \"Authorization\", value = \"App {acct.token}\"";
    assert!(parse("x", &with(AUTH, header)).is_ok());
    let token_alone = "type = \"basic\", user = \"{acct.token}\", pass = \"\"";
    assert!(parse("x", &with(AUTH, token_alone)).is_ok());
}

#[test]
fn a_field_that_is_secret_has_no_value_that_the_file_shows() {
    for (line, key) in [("default = \"hunter2\"", "default"), ("choices = [\"hunter2\"]", "choices")] {
        let found = shown(&with("secret = true", &format!("secret = true\n{line}")));
        assert!(
            found.contains(&format!("account.{key}: would show a secret")) && !found.contains("hunter2"),
            "{found}"
        );
    }
}

#[test]
fn a_field_that_begins_the_url_may_be_http_only_for_a_gateway_of_ones_own() {
    for (more, is_plain) in [
        ("default = \"https://a.example\"", false),
        ("choices = [\"https://a.example\", \"https://b.example\"]", false),
        ("default = \"http://a.example\"", true),
        ("choices = [\"https://a.example\", \"http://b.example\"]", true),
        ("choices = [\"https://a.example\", \"HTTP://b.example\"]", true),
    ] {
        let field = format!("[[account]]\nkey = \"base\"\nlabel = \"Base\"\n{more}\n");
        let text = format!("{}{field}", with("https://api.example.com", "{acct.base}"));
        match (parse("x", &text), is_plain) {
            (Ok(_), false) => {}
            (Err(_), true) => assert!(shown(&text).contains("plain http"), "{}", shown(&text)),
            (found, _) => panic!("{more}: {found:?}"),
        }
        assert!(parse("x", &text.replacen('\n', "\nallow_http = \"loopback-or-private\"\n", 1)).is_ok(), "{more}");
    }
}

#[test]
fn a_national_number_is_of_the_one_country_that_the_file_names() {
    let national = |codes: &str| with("{to}", "{to.national}").replacen('\n', &format!("\n{codes}\n"), 1);
    assert!(parse("x", &national("country_codes = [1]")).is_ok());
    for codes in ["", "country_codes = [1, 44]"] {
        assert!(shown(&national(codes)).contains("{to.national} is a number of one country"), "{codes}");
    }
    for code in ["\"01\"", "0", "\"+1\"", "1234", "-1", "\"\""] {
        let found = shown(&national(&format!("country_codes = [{code}]")));
        assert!(found.contains("must be a list of country codes without + and 0"), "{code}: {found}");
    }
}

#[test]
fn an_account_in_one_text_has_every_field_that_must_be_there() {
    let with_user = |order: &str, user: &str| {
        with("json = {", "json = { u = \"{acct.user}\",").replacen('\n', &format!("\nin_order = {order}\n"), 1)
            + &format!("[[account]]\nkey = \"user\"\nlabel = \"User\"\n{user}\n")
    };
    assert!(parse("x", &with_user("[\"user\", \"token\", \"sender\"]", "")).is_ok());
    assert!(parse("x", &with_user("[\"token\"]", "default = \"me\"")).is_ok());
    let found = shown(&with_user("[\"user\", \"sender\"]", ""));
    assert!(found.contains("in_order: token: is missing"), "{found}");
    let twice = with_user("[\"user\", \"token\", \"sender\"]", "").replace("key = \"user\"", "key = \"sender\"");
    assert!(shown(&twice).contains("in_order: sender: is who messages are from"), "{}", shown(&twice));
}

#[test]
fn nothing_secret_stands_where_a_modem_is_named() {
    let field = "[[account]]\nkey = \"k\"\nlabel = \"K\"\n";
    for (word, keys) in [("gammu", &["config", "section"][..]), ("modemmanager", &["modem"])] {
        for key in keys {
            let of = |value: &str, more: &str| {
                format!(
                    "schema = 1\nid = \"x\"\nname = \"X\"\ntransport = \"{word}\"\n[{word}]\n{key} = \"{value}\"\n{more}"
                )
            };
            assert!(parse("x", &of("{acct.k}", field)).is_ok(), "{word}.{key}");
            for text in [of("{code}", ""), of("{text}", ""), of("{acct.k}", &format!("{field}secret = true\n"))] {
                assert!(shown(&text).contains(&format!("{word}: a secret, the code or the text")), "{}", shown(&text));
            }
        }
    }
}

#[test]
fn a_signature_is_made_of_all_that_it_needs_and_one_of_a_later_release_is_said_to_be_one() {
    const AUTH: &str = "{ type = \"bearer\", token = \"{acct.token}\" }";
    let ovh = "{ type = \"ovh\", app_key = \"a\", app_secret = \"{acct.token}\", consumer_key = \"{acct.token}\" }";
    let sigv4 = |more: &str| {
        format!(
            "{{ type = \"aws-sigv4\", service = \"sns\", region = \"r\", id = \"i\", secret = \"{{acct.token}}\"{more} }}"
        )
    };
    for (auth, expected) in [
        (sigv4("").as_str(), &[][..]),
        (&sigv4(", session_token = \"{acct.token}\""), &[]),
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
