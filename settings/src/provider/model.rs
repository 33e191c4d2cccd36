//! What a provider file says, typed.

use super::path::Path;
use super::pattern::Pattern;
use super::template::Template;
use pam_2fa_protocol::courier::{Class, Reason};

/// In `in_order`: who messages are from.
pub const SENDER: &str = "sender";

/// A provider file.
#[derive(Debug)]
pub struct Provider {
    /// The file's name without `.toml`.
    pub id: String,
    /// The name that a person reads.
    pub name: String,
    /// Where the provider says what stands here.
    pub docs: Option<String>,
    /// The longest text in characters, where the provider has such a limit.
    pub max_text: Option<usize>,
    /// `country_codes`: the only ones that the provider has numbers of; empty: it does not say.
    pub country_codes: Vec<String>,
    /// What an account there consists of.
    pub account: Vec<Field>,
    /// `in_order`: the keys of its fields, or [`SENDER`], as an account in one text has them; empty: all in the order of the file.
    pub in_order: Vec<String>,
    /// How a message is handed over.
    pub way: Way,
}

/// `transport`: how a message is handed over.
#[derive(Debug)]
pub enum Way {
    /// `"http"`, which is what a file means that says nothing.
    Http(Box<Http>),
    /// `"smpp"`: SMPP 3.4, over TCP or TLS.
    Smpp(Box<Smpp>),
    /// A way that needs more of this host than the courier may have: `courier-local` goes it.
    Local(Local),
}

/// A way over HTTP: one request, one reply.
#[derive(Debug)]
pub struct Http {
    /// Whether the provider may be asked without TLS.
    pub cleartext: Cleartext,
    /// `secret_in_url`: a secret may stand in the URL, since the provider takes it no other way.
    pub secret_in_url: bool,
    /// How a message is handed over.
    pub request: Request,
    /// What the replies mean.
    pub reply: Reply,
}

/// `[smpp]`: a message centre that speaks SMPP 3.4.
#[derive(Debug)]
pub struct Smpp {
    /// Whether the centre may be asked without TLS.
    pub cleartext: Cleartext,
    /// Its host name or address.
    pub host: Template,
    /// Its port.
    pub port: Template,
    /// `true` (the default) or `false`, once filled.
    pub tls: Template,
    /// Who we are, at most 15 characters.
    pub system_id: Template,
    /// At most 8 characters.
    pub password: Template,
    /// At most 12 characters; empty where the centre wants none.
    pub system_type: Template,
    /// Who the message is from: a number, a name of at most 11 characters, or nothing.
    pub source: Template,
    /// What `data_coding` 0 is there.
    pub alphabet: Alphabet,
    /// What statuses of its own mean; they come before those of the standard.
    pub rules: Vec<StatusRule>,
}

/// `smpp.alphabet`: the default alphabet of a message centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// `"gsm"`: GSM 7-bit, one septet an octet.
    Gsm,
    /// `"latin-1"`: sent with `data_coding` 3, which says so.
    Latin1,
    /// `"ucs-2"`: every text is sent in UCS-2.
    Ucs2,
}

/// `[[smpp.error]]`.
#[derive(Debug)]
pub struct StatusRule {
    /// One of these `command_status`.
    pub status: Vec<u32>,
    /// What then.
    pub verdict: Verdict,
}

/// A way that `courier-local` goes.
#[derive(Debug)]
pub enum Local {
    /// `"exec"`: a program of the administrator's own.
    Exec(Exec),
    /// `"gammu"`: a telephone or modem by the program gammu.
    Gammu {
        /// Its configuration file.
        config: Template,
        /// The section of it, a number.
        section: Template,
    },
    /// `"modemmanager"`: a modem by ModemManager, over the system bus.
    ModemManager {
        /// The modem's equipment identifier (IMEI), or empty: the first that can send.
        modem: Template,
    },
}

/// `[exec]`: a program with fixed arguments; the text comes on its standard input. No shell.
#[derive(Debug)]
pub struct Exec {
    /// The program, an absolute path, and its arguments.
    pub argv: Vec<Template>,
    /// What it reads.
    pub stdin: Template,
}

/// `allow_http`, and `allow_cleartext` of the ways that are not HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleartext {
    /// TLS, whatever the address.
    Never,
    /// `"loopback-or-private"`: plain HTTP to addresses that no public network routes, such as a gateway of one's own.
    LoopbackOrPrivate,
}

/// `[[account]]`: a field that `[sms] account = { … }` fills.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub key: String,
    /// What a person reads beside it.
    pub label: String,
    /// Where the provider shows it, in a sentence.
    pub help: Option<String>,
    /// Whether it is shown to nobody.
    pub secret: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is where it is left out.
    pub default: Option<String>,
    /// What it must be one of; empty: anything.
    pub choices: Vec<String>,
    /// What it must match.
    pub pattern: Option<Pattern>,
}

/// `request.method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// `[request]`.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Begins with `https://`, `http://`, or a field of the account that does.
    pub url: Template,
    /// Appended to the URL.
    pub query: Vec<(String, Template)>,
    /// Headers beside those that HTTP itself needs.
    pub headers: Vec<(String, Template)>,
    /// How we prove who we are.
    pub auth: Auth,
    /// The body.
    pub body: Body,
}

/// `request.auth`.
#[derive(Debug)]
pub enum Auth {
    /// Nothing beyond what the file puts elsewhere.
    None,
    /// RFC 7617.
    Basic {
        /// The user, without a colon.
        user: Template,
        /// The password.
        pass: Template,
    },
    /// RFC 6750 §2.1.
    Bearer {
        /// The token.
        token: Template,
    },
    /// A header of the provider's own.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Template,
    },
    /// By a signature over the request, made of a secret that is not sent.
    Signed(Signer),
}

/// Whose signature.
#[derive(Debug)]
pub enum Signer {
    /// `"aws-sigv4"`: Signature Version 4 of Amazon Web Services.
    AwsSigV4 {
        /// The service, such as `sns`.
        service: Template,
        /// The region, such as `eu-west-1`.
        region: Template,
        /// The access key's id.
        id: Template,
        /// The secret access key.
        secret: Template,
        /// What comes with a key that is good for hours.
        session_token: Option<Template>,
    },
    /// `"azure-hmac"`: that of Azure Communication Services.
    AzureHmac {
        /// The resource's access key, in base64.
        key: Template,
    },
    /// `"smsglobal-mac"`: that of SMSGlobal.
    SmsGlobalMac {
        /// The API key.
        key: Template,
        /// Its secret.
        secret: Template,
    },
    /// `"ovh"`: that of OVHcloud, which goes by the provider's own clock.
    Ovh {
        /// The application's key.
        app_key: Template,
        /// The application's secret.
        app_secret: Template,
        /// Who lets the application act.
        consumer_key: Template,
    },
}

impl Signer {
    /// What it is made of.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let (needed, optional) = match self {
            Self::AwsSigV4 { service, region, id, secret, session_token } => {
                (vec![service, region, id, secret], session_token.as_ref())
            }
            Self::AzureHmac { key } => (vec![key], None),
            Self::SmsGlobalMac { key, secret } => (vec![key, secret], None),
            Self::Ovh { app_key, app_secret, consumer_key } => (vec![app_key, app_secret, consumer_key], None),
        };
        needed.into_iter().chain(optional)
    }
}

/// `request.body` and the table of that name.
#[derive(Debug)]
pub enum Body {
    /// None.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// `application/json`.
    Json(Node),
    /// `text/plain; charset=UTF-8`.
    Text(Template),
}

/// A node of a JSON body.
#[derive(Debug)]
pub enum Node {
    /// An object; a member whose template comes out empty with `?` is left out.
    Object(Vec<(String, Self)>),
    /// An array.
    Array(Vec<Self>),
    /// A text, or by its cast a number or a truth value.
    Text(Template),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Switch(bool),
}

/// `[reply]`.
#[derive(Debug)]
pub struct Reply {
    /// The statuses with which a message can be accepted at all.
    pub accept_http: Vec<u16>,
    /// All of these must hold; at least one wants something to be in the reply.
    pub accept: Vec<Predicate>,
    /// Where the provider's own id of the message is.
    pub id: Option<Path>,
    /// The same in a text: the first group of the pattern.
    pub id_text: Option<Pattern>,
    /// The first that holds says what a refusal is.
    pub rules: Vec<Rule>,
}

/// Something that is or is not so of a reply. All of what it names must hold.
#[derive(Debug)]
pub struct Predicate {
    /// One of these statuses; empty: any.
    pub http: Vec<u16>,
    /// A place in the JSON, what must be so of it, and of how many where the path has `[*]`.
    pub json: Option<(Path, Test, Every)>,
    /// A pattern that the raw text matches.
    pub text: Option<Pattern>,
}

/// What must be so of a value. Texts and numbers and truth values of the same spelling are alike: providers mix them.
#[derive(Debug)]
pub enum Test {
    /// One of these.
    Is(Vec<String>),
    /// There, and none of these.
    Not(Vec<String>),
    /// There, and matching.
    Match(Pattern),
    /// There, and not null; or not so.
    Exists(bool),
}

/// How many of what `[*]` finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// All, and there is one.
    All,
    /// `every = false`: one of them.
    Any,
}

/// `[[reply.error]]`.
#[derive(Debug)]
pub struct Rule {
    /// When.
    pub when: Predicate,
    /// What then.
    pub verdict: Verdict,
}

/// What a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Never [`Class::Accepted`].
    pub class: Class,
    /// Why; none where only the class counts.
    pub reason: Option<Reason>,
}
