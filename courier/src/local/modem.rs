//! A modem that ModemManager has: a message object made, sent, and deleted again, over the system's message bus.
//!
//! The object is deleted however it ends, also where nobody waits for it any more: it holds the code, and modems keep what they are
//! not told to forget. The bus is the one that the command line names or the system's own, never one of the environment.

use super::Sending;
use super::cms;
use crate::sms::{Accepted, Failure};
use pam_2fa_protocol::courier::{Class, Reason};
use pam_2fa_settings::provider::{Source, Template, Verdict};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::{Connection, DBusError, DynamicType, OwnedObjectPath, OwnedVariant, Type, Variant};

const SERVICE: &str = "org.freedesktop.ModemManager1";
const ROOT: &str = "/org/freedesktop/ModemManager1";
const MODEM: &str = "org.freedesktop.ModemManager1.Modem";
const MESSAGING: &str = "org.freedesktop.ModemManager1.Modem.Messaging";
const SMS: &str = "org.freedesktop.ModemManager1.Sms";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const OBJECTS: &str = "org.freedesktop.DBus.ObjectManager";
const ERROR: &str = "org.freedesktop.ModemManager1.Error.";
const UNAUTHORIZED: &str = "org.freedesktop.ModemManager1.Error.Core.Unauthorized";
const ACCESS_DENIED: &str = "org.freedesktop.DBus.Error.AccessDenied";
const SERVICE_UNKNOWN: &str = "org.freedesktop.DBus.Error.ServiceUnknown";
const NO_OWNER: &str = "org.freedesktop.DBus.Error.NameHasNoOwner";
/// `MM_SMS_STATE_SENT` of ModemManager 1.20.
const SENT: u32 = 5;
/// `MM_SMS_VALIDITY_TYPE_RELATIVE`: in minutes.
const RELATIVE: u32 = 1;
/// What deleting a message may take, when nobody waits for it.
const DELETING: Duration = Duration::from_secs(10);

/// What an object has: its interfaces and their properties.
type Interfaces = HashMap<String, Fields>;
type Fields = HashMap<String, OwnedVariant>;

/// Sends one message by the modem of that equipment identifier, or by the first that can.
///
/// # Errors
/// [`Failure`]: ModemManager did not, provably, send it.
pub async fn send(modem: &Template, sending: Sending<'_>, bus: &str) -> Result<Accepted, Failure> {
    let Sending { provider, values, text, deadline, steps, .. } = sending;
    let wanted = values.fill(modem)?.unwrap_or_default();
    let minutes: u32 = values.of(&Source::TtlMin).parse().unwrap_or(1);
    let late = |began: bool| if began { lost("no answer in time") } else { unreachable("no answer in time") };
    let before = async {
        let manager = Manager::connect(bus).await?;
        let modem = manager.modem(&wanted).await?;
        steps.tell(|| format!("asks ModemManager for {}, as {}.toml says", modem.as_str(), provider.id));
        let message = manager.create(modem, text.to.clone(), text.text.expose().clone(), minutes).await?;
        steps.tell(|| format!("made {}", message.path.as_str()));
        Ok(message)
    };
    let message = tokio::time::timeout_at(deadline.at(), before).await.unwrap_or_else(|_| Err(late(false)))?;
    let sent = tokio::time::timeout_at(deadline.at(), message.send()).await.unwrap_or_else(|_| Err(late(true)));
    match &sent {
        Ok(accepted) => steps.tell(|| accepted.said.clone()),
        Err(failure) => steps.tell(|| failure.to_string()),
    }
    sent
}

/// ModemManager on a message bus.
#[derive(Clone)]
struct Manager(Connection);

impl Manager {
    async fn connect(bus: &str) -> Result<Self, Failure> {
        let connection = Builder::address(bus).build().await;
        connection.map(Self).map_err(|error| unreachable(&format!("the message bus at {bus}: {error}")))
    }

    async fn call<T: DeserializeOwned + Type>(
        &self,
        path: &str,
        (interface, method): (&str, &str),
        body: &(impl serde::Serialize + DynamicType),
    ) -> zbus::Result<T> {
        let reply = self.0.call_method(Some(SERVICE), path, Some(interface), method, body).await?;
        reply.body().deserialize()
    }

    /// The path of the modem.
    async fn modem(&self, wanted: &str) -> Result<OwnedObjectPath, Failure> {
        let found: Result<HashMap<OwnedObjectPath, Interfaces>, _> =
            self.call(ROOT, (OBJECTS, "GetManagedObjects"), &()).await;
        let mut modems: Vec<_> = found.map_err(|error| not_begun(&error))?.into_iter().collect();
        modems.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        let can_send = modems.into_iter().filter(|(_, has)| has.contains_key(MESSAGING));
        let identifier = |has: &Interfaces| {
            let value = has.get(MODEM)?.get("EquipmentIdentifier")?;
            String::try_from(value.try_clone().ok()?).ok()
        };
        let mut fitting = can_send.filter(|(_, has)| wanted.is_empty() || identifier(has).as_deref() == Some(wanted));
        fitting.next().map(|(path, _)| path).ok_or_else(|| {
            let which = if wanted.is_empty() { String::new() } else { format!(" of the identifier {wanted}") };
            unreachable(&format!("it has no modem{which} that can send text messages now; see mmcli -L, and its PIN"))
        })
    }

    /// A new message. That it will be deleted is certain from here on, and also where this future is dropped while it is made.
    async fn create(&self, modem: OwnedObjectPath, to: String, text: String, minutes: u32) -> Result<Message, Failure> {
        let manager = self.clone();
        let making = tokio::spawn(async move {
            let properties = HashMap::from([
                ("number", Variant::from(to)),
                ("text", Variant::from(text)),
                ("validity", Variant::from((RELATIVE, Variant::from(minutes)))),
            ]);
            let made: Result<OwnedObjectPath, _> =
                manager.call(modem.as_str(), (MESSAGING, "Create"), &properties).await;
            made.map(|path| Message { manager, modem, path })
        });
        making.await.map_err(|error| unreachable(&error.to_string()))?.map_err(|error| not_begun(&error))
    }
}

/// A message object of a modem's. Dropped, it is deleted.
struct Message {
    manager: Manager,
    modem: OwnedObjectPath,
    path: OwnedObjectPath,
}

impl Message {
    async fn send(&self) -> Result<Accepted, Failure> {
        let path = self.path.as_str();
        let sent: zbus::Result<()> = self.manager.call(path, (SMS, "Send"), &()).await;
        sent.map_err(|error| not_sent(&error))?;
        let about: zbus::Result<Fields> = self.manager.call(path, (PROPERTIES, "GetAll"), &(SMS,)).await;
        let about = about.map_err(|error| lost(&words(&error)))?;
        let number = |key: &str| u32::try_from(about.get(key)?.try_clone().ok()?).ok();
        match number("State") {
            Some(SENT) => {
                let reference = number("MessageReference").map(|reference| reference.to_string());
                let said = match &reference {
                    Some(reference) => format!("sent, message reference {reference}"),
                    None => String::from("sent"),
                };
                Ok(Accepted { provider_id: reference, said })
            }
            state => Err(lost(&format!("it was asked to send, and the message's state is {state:?}, not sent"))),
        }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (manager, modem, path) = (self.manager.clone(), self.modem.clone(), self.path.clone());
        runtime.spawn(async move {
            let body = (&path,);
            let deleting = manager.call::<()>(modem.as_str(), (MESSAGING, "Delete"), &body);
            match timeout(DELETING, deleting).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(why = words(&error), "a message stays in the modem's memory"),
                Err(_) => tracing::warn!("a message may stay in the modem's memory: it was not deleted in time"),
            }
        });
    }
}

/// What an error means before anything was asked to be sent.
fn not_begun(error: &zbus::Error) -> Failure {
    let verdict = refusal(error).unwrap_or(Verdict { class: Class::Temporary, reason: None });
    Failure::told(verdict, format!("ModemManager: {}{}", words(error), advice(error)))
}

/// What an error means of a message that was asked to be sent.
fn not_sent(error: &zbus::Error) -> Failure {
    match refusal(error) {
        Some(verdict) => Failure::told(verdict, format!("ModemManager: {}{}", words(error), advice(error))),
        None => lost(&words(error)),
    }
}

/// What an error of that name says, if it leaves no doubt that nothing left.
fn refusal(error: &zbus::Error) -> Option<Verdict> {
    let name = name(error)?;
    let known = match name.as_str() {
        UNAUTHORIZED | ACCESS_DENIED => Some((Class::Rejected, Reason::Config)),
        SERVICE_UNKNOWN | NO_OWNER => Some((Class::Temporary, Reason::Unreachable)),
        _ => None,
    };
    let of_modem = || match name.strip_prefix(ERROR)?.split_once('.')? {
        ("Message" | "MobileEquipment", name) => cms::named(name),
        _ => None,
    };
    known.map(|(class, reason)| Verdict { class, reason: Some(reason) }).or_else(of_modem)
}

/// What to do about it.
fn advice(error: &zbus::Error) -> &'static str {
    match name(error).as_deref() {
        Some(UNAUTHORIZED) => {
            "; polkit needs a rule for the user pam-2fa-local: 60-pam-2fa.rules in /usr/share/polkit-1/rules.d"
        }
        Some(SERVICE_UNKNOWN) => "; systemctl enable --now ModemManager",
        Some(_) | None => "",
    }
}

/// The name of an error that somebody on the bus answered with.
fn name(error: &zbus::Error) -> Option<String> {
    if let zbus::Error::MethodError(name, ..) = error {
        return Some(name.as_str().to_owned());
    }
    if let zbus::Error::FDO(error) = error { Some(error.name().as_str().to_owned()) } else { None }
}

/// `Message.NoNetwork: No network service`.
fn words(error: &zbus::Error) -> String {
    if let zbus::Error::MethodError(name, text, _) = error {
        let name = name.as_str().strip_prefix(ERROR).unwrap_or(name.as_str());
        return format!("{name}: {}", text.as_deref().unwrap_or("no further words"));
    }
    error.to_string()
}

fn unreachable(why: &str) -> Failure {
    let verdict = Verdict { class: Class::Temporary, reason: Some(Reason::Unreachable) };
    Failure::told(verdict, format!("ModemManager: {why}"))
}

fn lost(why: &str) -> Failure {
    Failure::Lost { host: String::from("ModemManager"), why: why.to_owned() }
}
