//! The status as Prometheus reads it (text format 0.0.4), for node_exporter's textfile collector. Counts, times and words of our own:
//! no user, address, server or text of anybody is a label. Not OpenMetrics, whose counters that collector takes for something else.

use super::rows::word;
use pam_2fa_protocol::admin::{ChannelHealth, KeyPlace, State, Status, Texts};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a value does.
#[derive(Clone, Copy)]
enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only rises, until configd starts anew.
    Counter,
}

/// One metric after another, each once, with all its values.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    /// A metric and its values with their labels. One without values is left out.
    fn metric<'a>(
        &mut self,
        kind: Kind,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Vec<(&'a str, String)>, f64)>,
    ) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP pam_2fa_{name} {help}\n# TYPE pam_2fa_{name} {kind}");
        for (labels, value) in values {
            let labels: Vec<String> =
                labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(self.0, "pam_2fa_{name}{labels} {value}");
        }
    }

    /// A gauge without labels, where there is a value.
    fn gauge(&mut self, name: &str, help: &str, value: Option<f64>) {
        self.metric(Kind::Gauge, name, help, value.map(|value| (Vec::new(), value)));
    }
}

/// A label's value: what a metric's line is made of is taken out of its meaning, and what acts on a terminal is taken away.
fn escaped(text: &str) -> String {
    pam_2fa_settings::text::printable(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// All of it; without a status, that nobody answers.
pub(super) fn text(status: Option<&Status>, more_problems: usize) -> String {
    let mut all = Exposition::default();
    let up = "Whether configd answers.";
    all.gauge("up", up, Some(if status.is_some() { 1.0 } else { 0.0 }));
    if let Some(status) = status {
        house(&mut all, status, more_problems);
        channels(&mut all, &status.channels);
        texts(&mut all, status.texts.as_ref());
        sandboxes(&mut all, status);
    }
    all.0
}

fn house(all: &mut Exposition, status: &Status, more_problems: usize) {
    let build = vec![("version", status.version.clone())];
    all.metric(Kind::Gauge, "build_info", "The version of configd.", [(build, 1.0)]);
    let states = [(State::Running, "running"), (State::Degraded, "degraded"), (State::Sealed, "sealed")];
    let states = states.map(|(state, name)| (vec![("state", name.to_owned())], flag(status.state == state)));
    all.metric(Kind::Gauge, "state", "Which state configd is in; sealed denies everyone who would be asked.", states);
    all.gauge("start_time_seconds", "When configd started.", time(&status.since));
    let problems = status.problems.len().saturating_add(more_problems);
    all.gauge("problems", "How many things are unhealthy.", Some(number(problems)));
    // One of a kind, the oldest: what tells two of a kind apart may name somebody.
    let mut oldest: BTreeMap<&str, f64> = BTreeMap::new();
    for problem in &status.unhealthy {
        let Some(since) = time(&problem.since) else { continue };
        oldest.entry(&problem.kind).and_modify(|at| *at = at.min(since)).or_insert(since);
    }
    let oldest = oldest.into_iter().map(|(kind, since)| (vec![("kind", kind.to_owned())], since));
    all.metric(Kind::Gauge, "problem_since_seconds", "Since when something of this kind is unhealthy.", oldest);
    all.gauge("users", "How many users have a record.", status.users.map(int));
    all.gauge("settings_generation", "Counts accepted changes of the settings.", status.generation.map(int));
    let store = status.store.as_ref();
    all.gauge("store_generation", "Counts what must not come undone.", status.store_generation.map(int));
    all.gauge("store_size_bytes", "What the store's files take.", store.map(|store| int(store.size)));
    all.gauge("store_free_bytes", "What is free on the store's disk.", store.map(|store| int(store.free)));
    let whole_at = store.and_then(|store| time(&store.whole_at));
    all.gauge("store_whole_time_seconds", "When the store was found whole.", whole_at);
    let sealed = status.key.as_ref().map(|key| flag(key.place == KeyPlace::Credential));
    all.gauge("key_from_credential", "Whether the key comes from a systemd credential, and no file of ours.", sealed);
    let behind = status.clock.as_ref().map(|clock| int(clock.behind_s));
    all.gauge("clock_behind_seconds", "How far the clock stands behind a time that was seen before.", behind);
}

fn channels(all: &mut Exposition, channels: &[ChannelHealth]) {
    let set_up: Vec<&ChannelHealth> = channels.iter().filter(|channel| channel.configured).collect();
    let each = |value: fn(&ChannelHealth) -> Option<f64>| -> Vec<(Vec<(&str, String)>, f64)> {
        let labelled = |channel: &&ChannelHealth| Some((vec![("channel", channel.name.clone())], value(channel)?));
        set_up.iter().filter_map(labelled).collect()
    };
    let gauge = Kind::Gauge;
    let failing = each(|channel| Some(flag(channel.failing_since.is_some())));
    all.metric(gauge, "channel_failing", "Whether the last message by this way was not taken.", failing);
    let held = each(|channel| Some(flag(channel.held_until.is_some())));
    all.metric(gauge, "channel_held", "Whether this way is not asked for a while, or after all others.", held);
    let success = each(|channel| time(channel.last_success.as_deref()?));
    all.metric(gauge, "channel_last_success_seconds", "When a message was last taken.", success);
    let error = each(|channel| time(channel.last_error_at.as_deref()?));
    all.metric(gauge, "channel_last_error_seconds", "When a message was last not taken.", error);
    let labels = set_up.iter().filter_map(|channel| {
        let class = word(channel.last_error_class.as_ref()?)?;
        let reason = channel.last_error_reason.as_ref().and_then(word).unwrap_or_default();
        Some((vec![("channel", channel.name.clone()), ("class", class), ("reason", reason)], 1.0))
    });
    all.metric(gauge, "channel_last_error_info", "What kind of error the last one was.", labels);
    let accepted = each(|channel| Some(int(channel.accepted)));
    all.metric(Kind::Counter, "channel_accepted_total", "Messages that were taken since configd started.", accepted);
    let failed = each(|channel| Some(int(channel.failed)));
    let help = "Tries that failed by this way's own fault since configd started.";
    all.metric(Kind::Counter, "channel_failed_total", help, failed);
}

fn texts(all: &mut Exposition, texts: Option<&Texts>) {
    let money = |amount: &Option<String>| amount.as_deref().and_then(|amount| amount.parse::<f64>().ok());
    all.gauge("texts_sent", "Text messages of the last 24 hours.", texts.map(|texts| int(texts.sent)));
    all.gauge("texts_limit", "How many there may be in 24 hours.", texts.map(|texts| int(texts.limit)));
    let for_all = texts.and_then(|texts| texts.limit_for_all).map(int);
    all.gauge("texts_limit_for_all", "How many of these are not kept for known sources.", for_all);
    let withheld = texts.map(|texts| flag(texts.withheld_until.is_some()));
    all.gauge("texts_withheld", "Whether a limit withholds text messages, from unknown sources at least.", withheld);
    all.gauge("texts_cost", "What those of the last 24 hours cost.", texts.and_then(|texts| money(&texts.cost)));
    let cap = texts.and_then(|texts| money(&texts.cost_limit));
    all.gauge("texts_cost_limit", "What they may cost in 24 hours.", cap);
}

fn sandboxes(all: &mut Exposition, status: &Status) {
    let measures = status.sandboxes.iter().flat_map(|sandbox| {
        let labels = |name: &String| vec![("process", sandbox.process.clone()), ("measure", name.clone())];
        sandbox.measures.iter().map(move |measure| (labels(&measure.name), flag(measure.on)))
    });
    all.metric(Kind::Gauge, "sandbox", "Whether this confines the process, by what it sees of itself.", measures);
}

fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

/// Of what is counted here far less is lost than one in 2^53.
#[expect(clippy::cast_precision_loss, reason = "the format has no other numbers")]
fn int(count: i64) -> f64 {
    count as f64
}

fn number(count: usize) -> f64 {
    int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Seconds since the epoch of RFC 3339.
fn time(at: &str) -> Option<f64> {
    at.parse::<jiff::Timestamp>().ok().map(|at| int(at.as_second()))
}
