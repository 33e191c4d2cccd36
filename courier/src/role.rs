//! The two daemons of this crate, and what is different between them before they serve: names, users, who may call. What they
//! carry is not said here, so that neither is linked with what only the other does.

use pam_2fa_confine::Daemon;

/// A daemon of this crate.
#[derive(Debug, PartialEq, Eq)]
pub struct Role {
    /// The program's name, and the socket's below the runtime folder with `.sock` behind it.
    pub name: &'static str,
    /// What the journal knows its lines by.
    pub identifier: &'static str,
    /// What it is, for `--help`.
    pub about: &'static str,
    /// Its own user.
    pub user: &'static str,
    /// Whose calls it takes.
    pub peer: &'static str,
    /// Who that is, for `--help`.
    pub caller: &'static str,
    /// Where it looks for the system's message bus, if it has to do with one. Never the environment's.
    pub bus: Option<&'static str>,
    /// What it takes from itself.
    pub daemon: Daemon,
}

/// Carries messages over the network, for configd.
pub const COURIER: Role = Role {
    name: "courier",
    identifier: "pam-2fa-courier",
    about: "The daemon of pam-2fa that carries messages.",
    user: "pam-2fa-courier",
    peer: "pam-2fa",
    caller: "configd",
    bus: None,
    daemon: Daemon::Courier,
};

/// Sends text messages by what this host has, for the courier: programs and modems. No network.
pub const LOCAL: Role = Role {
    name: "courier-local",
    identifier: "pam-2fa-courier-local",
    about: "The daemon of pam-2fa that sends text messages by programs and modems of this host.",
    user: "pam-2fa-local",
    peer: "pam-2fa-courier",
    caller: "the courier",
    bus: Some("unix:path=/run/dbus/system_bus_socket"),
    daemon: Daemon::CourierLocal,
};

impl Role {
    /// The name of its socket below the runtime folder.
    #[must_use]
    pub fn socket(&self) -> String {
        format!("{}.sock", self.name)
    }

    /// What `--help` prints.
    #[must_use]
    pub fn help(&self) -> String {
        let Self { name, about, user, peer, caller, .. } = self;
        let bus = self.bus.map(|bus| format!("  --bus ADDRESS      where ModemManager is asked [{bus}]\n"));
        format!(
            "Usage: {name} [OPTION VALUE]...\n\
             {about} It is started by systemd; by hand only for tests.\n\
             \n\
             \x20 --runtime-dir DIR  where {name}.sock is made [/run/pam-2fa]\n\
             \x20 --share-dir DIR    where the shipped provider files are [/usr/share/pam-2fa]\n\
             \x20 --providers DIR    where an administrator's provider files are [/etc/pam-2fa/providers]\n\
             \x20 --user NAME        whom to become when started as root [{user}]\n\
             \x20 --peer NAME        who may call: the user that {caller} runs as [{peer}]\n\
             {}\
             \x20 --config FILE      taken and ignored: no courier reads settings\n\
             \x20 --state-dir DIR    taken and ignored: no courier keeps anything\n\
             \x20 --help             print this\n\
             \x20 --version          print the version\n",
            bus.unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_says_what_each_of_them_is_and_the_bus_only_where_there_is_one() {
        assert!(COURIER.help().contains("configd runs as [pam-2fa]") && !COURIER.help().contains("--bus"));
        assert!(
            LOCAL.help().contains("the courier runs as [pam-2fa-courier]") && LOCAL.help().contains("--bus ADDRESS ")
        );
    }
}
