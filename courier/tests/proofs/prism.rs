//! Prism, which is not ours, judges our requests by the specifications of the providers: what we send passes, and without a needed
//! part or its credentials it does not, so that the judge is one who can say no.

use super::files::{File, Judge, Ours, Proof, Request, all, ours, spec};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server of Prism over one specification.
struct Prism {
    child: Child,
    address: SocketAddr,
}

impl Prism {
    fn start(name: &str) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program());
        command.args(["mock", "-h", "127.0.0.1", "-p", &port.to_string()]).arg(spec(name));
        // With its children in a group of its own, which ends whole.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program().display()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Prism is listening"));
        assert!(is_ready, "prism did not take {name}");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) }
    }

    /// The status and the text of the answer to a request at that path.
    fn ask(&self, ours: &Ours, path: &str, query: Option<&str>, body: &Value) -> (u16, String) {
        let url =
            format!("http://{}{path}{}", self.address, query.map(|query| format!("?{query}")).unwrap_or_default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
            let mut request = client.request(ours.method.parse().unwrap(), url);
            for (name, value) in &ours.headers {
                request = request.header(name, value);
            }
            let is_form = ours.headers.get("content-type").is_some_and(|kind| kind.ends_with("form-urlencoded"));
            request = match body {
                Value::Null => request,
                Value::Object(fields) if is_form => {
                    let fields = fields.iter().map(|(name, value)| (name, value.as_str().unwrap()));
                    request.body(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
                }
                Value::String(text) => request.body(text.clone()),
                other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    request.body(other.to_string())
                }
            };
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let _gone = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _gone = self.child.wait();
    }
}

/// The program, which `scripts/npm-tools` installs where it is not there yet.
fn program() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/npm-tools");
    let out = Command::new(&script).stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{script:?}: {error}"));
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    PathBuf::from(String::from_utf8(out.stdout).unwrap().trim()).join("node_modules/.bin/prism")
}

/// Specifications that ask for no credentials, or whose key is a field of the body.
const KEYLESS: [&str; 2] = ["azure-sms.json", "vonage-sms.yaml"];

/// The part of our path that the specification names; before it stands the path of its server.
fn path_of(ours: &Ours, template: &str) -> String {
    let path = ours.url.path();
    let steps = |path: &str| path.split('/').filter(|step| !step.is_empty()).map(String::from).collect::<Vec<_>>();
    let (own, named) = (steps(path), steps(template));
    let fits = own.len() >= named.len()
        && own.iter().rev().zip(named.iter().rev()).all(|(own, named)| own == named || named.starts_with('{'));
    assert!(fits, "{path} is not {template}");
    let at = own.len() - named.len();
    let end = if path.ends_with('/') { "/" } else { "" };
    format!("/{}{end}", own.get(at..).unwrap_or_default().join("/"))
}

fn judged(files: &[File]) -> Vec<(&File, &Proof, &Request)> {
    let requests = files.iter().flat_map(|file| {
        file.proof.iter().flat_map(move |proof| proof.request.iter().map(move |request| (file, proof, request)))
    });
    requests.filter(|(_, _, request)| request.judge == Judge::Openapi).collect()
}

#[test]
fn prism_takes_every_request_of_which_there_is_a_specification_and_misses_what_is_left_out() {
    let files = all();
    let judged = judged(&files);
    assert!(judged.len() >= 6, "{}", judged.len());
    let mut wrong = Vec::new();
    for (file, proof, request) in judged {
        let (name, template) = (request.spec.as_deref().unwrap(), request.path.as_deref().unwrap());
        let (prism, ours) = (Prism::start(name), ours(file, proof, request));
        let (path, query) = (path_of(&ours, template), ours.url.query());
        let (status, said) = prism.ask(&ours, &path, query, &ours.body);
        if !(200..300).contains(&status) {
            wrong.push(format!("{} by {name}: {status} {said}", file.id));
        }
        // No judge where everything is right: without its credentials, or a part of its body, it is not.
        let bare = prism.ask(&Ours { headers: bare(&ours), ..ours.clone() }, &path, query, &ours.body).0 >= 400;
        let less = lesser(&ours.body).iter().any(|less| prism.ask(&ours, &path, query, less).0 >= 400);
        if (bare, less) != (!KEYLESS.contains(&name), true) {
            wrong.push(format!("{} by {name}: misses the credentials: {bare}, a part of the body: {less}", file.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The headers without what says who we are.
fn bare(ours: &Ours) -> std::collections::BTreeMap<String, String> {
    let mut headers = ours.headers.clone();
    headers.retain(|name, _| matches!(name.as_str(), "content-type" | "accept"));
    headers
}

/// The body without one of its members each, and nothing of it.
fn lesser(body: &Value) -> Vec<Value> {
    let mut all = vec![match body {
        Value::Array(_) => Value::from(Vec::<Value>::new()),
        Value::Object(_) => Value::Object(serde_json::Map::new()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }];
    if let Value::Object(members) = body {
        all.extend(members.keys().map(|key| {
            let mut less = members.clone();
            less.remove(key);
            Value::Object(less)
        }));
    }
    all
}
