//! Every finding that there can be: its name, how much it weighs, why it matters, and what mends it. `docs/doctor.md` has the same table, and
//! a test holds the two together. It looks at nothing.
//!
//! Words in capitals stand for what is found: SERVICE, FILE, USER and their like.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody gets in without a code, or nobody gets in who should.
    Broken,
    /// It works, and need not go on to.
    Risk,
    /// To be known.
    Note,
}

impl Severity {
    /// As it is shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Risk => "risk",
            Self::Note => "note",
        }
    }
}

/// A finding that there can be.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name, for scripts; it stays.
    pub id: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// Why it matters.
    pub reason: &'static str,
    /// The command that mends it.
    pub mend: &'static str,
}

macro_rules! known {
    ($($name:ident = $id:literal, $severity:ident, $reason:literal, $mend:literal;)*) => {
        $(
            pub(super) static $name: Known =
                Known { id: $id, severity: Severity::$severity, reason: $reason, mend: $mend };
        )*

        /// All of them, as they stand in the manual.
        pub static ALL: &[&Known] = &[$(&$name),*];
    };
}

known! {
    // Stacks.
    STACK_PASSED_BY = "stack-passed-by", Broken, "a right first factor lets in without a code",
        "pam-2fa disable SERVICE && pam-2fa enable SERVICE";
    STACK_FAILS_OPEN = "stack-fails-open", Broken, "whom our module denies, or where it is missing, is let in all the same",
        "pam-2fa disable SERVICE && pam-2fa enable SERVICE";
    STACK_UNPROVEN = "stack-unproven", Broken, "a code is asked for before a first factor is proven: strangers cause messages, and a code alone may do",
        "pam-2fa disable SERVICE && pam-2fa enable SERVICE";
    STACK_TWICE = "stack-twice", Risk, "a code is asked for twice in one login",
        "pam-2fa disable SERVICE && pam-2fa enable SERVICE";
    STACK_DECOY = "stack-decoy", Broken, "a decoy is shown after a right first factor, or can end in a login",
        "pam-2fa disable SERVICE && pam-2fa enable SERVICE --decoy";
    STACK_LOCKS_OUT = "stack-locks-out", Broken, "nobody gets in, or nobody who is asked no code",
        "pam-2fa disable SERVICE && pam-2fa enable SERVICE";
    STACK_OPTIONS = "stack-options", Broken, "our line has options that the module does not know, and denies everyone",
        "pam-2fa disable SERVICE && pam-2fa enable SERVICE";
    STACK_OTHER_PHASE = "stack-other-phase", Broken, "our module answers in auth alone: a line in account, session or password fails",
        "sed -i 'LINEd' FILE";
    STACK_UNREADABLE = "stack-unreadable", Broken, "libpam cannot read the stack of a service that asks for a code, and lets nobody in",
        "pam-2fa disable SERVICE";
    STACK_GONE = "stack-gone", Broken, "the service was enabled, and our line is not in its stack any more: no code is asked for",
        "pam-2fa disable SERVICE; pam-2fa enable SERVICE";
    STACK_DOOR = "stack-door", Note, "a line lets in with neither a password nor a code; that is the stack's own business",
        "${EDITOR:-vi} FILE";
    STACK_UNCOUNTED = "stack-uncounted", Risk, "there are more ways through the stack than can be looked at",
        "${EDITOR:-vi} FILE";
    STACK_FAILLOCK = "stack-faillock", Note, "no pam_faillock.so before the password: guesses at it are not counted, and the code is what is left",
        "man pam_faillock";
    SERVICE_OFF = "service-off", Risk, "the service that was asked about asks for no code",
        "pam-2fa enable SERVICE";
    NOTHING_ON = "nothing-on", Note, "no service asks for a code",
        "pam-2fa enable sshd --sshd";

    // The module.
    MODULE_MISSING = "module-missing", Broken, "pam_2fa.so is not in a folder of PAM's modules, so nobody gets in where it is asked for",
        "apt-get install --reinstall pam-2fa || dnf reinstall pam-2fa";
    MODULE_MULTILIB = "module-multilib", Risk, "a libpam of another architecture has no pam_2fa.so beside it: programs that use it let nobody in",
        "apt-get install pam-2fa:i386 || dnf install pam-2fa.i686";
    MODULE_WRITABLE = "module-writable", Broken, "others than root can write the module, and with it decide who gets in",
        "chown root:root FILE && chmod 0644 FILE";
    MODULE_OTHER = "module-other", Broken, "another module that the stack needs is missing, so nobody gets in",
        "${EDITOR:-vi} FILE";

    // sshd.
    SSHD_UNREAD = "sshd-unread", Broken, "sshd does not take its own configuration, and will not start again with it",
        "sshd -t -f FILE";
    SSHD_IDLE = "sshd-idle", Risk, "sshd could not be asked what it does, since it was not started yet",
        "install -d -m 0755 /run/sshd && pam-2fa doctor sshd";
    SSHD_SLOW = "sshd-slow", Risk, "sshd does not answer in time, so not all that it does was looked at",
        "sshd -T -f FILE";
    SSHD_NO_PAM = "sshd-no-pam", Broken, "sshd does not use PAM, so no code is asked for",
        "pam-2fa disable sshd; pam-2fa enable sshd --sshd";
    SSHD_NO_PROMPT = "sshd-no-prompt", Broken, "sshd cannot ask a question (KbdInteractiveAuthentication no), so whoever is asked for a code gets in no more",
        "pam-2fa disable sshd; pam-2fa enable sshd --sshd";
    SSHD_BYPASS = "sshd-bypass", Broken, "sshd lets in by a method that never comes to the stack: no code is asked for",
        "pam-2fa disable sshd; pam-2fa enable sshd --sshd";
    SSHD_MATCH = "sshd-match", Risk, "a Match lets somebody in without a code, and has no end and no reason",
        "pam-2fa exempt add USER --from CIDR --until DATE --reason TEXT";
    SSHD_PASSWORD = "sshd-password", Risk, "sshd's password method cannot ask for a code: clients that try it first are denied",
        "pam-2fa disable sshd; pam-2fa enable sshd --sshd";
    SSHD_GRACE = "sshd-grace", Risk, "LoginGraceTime ends a login before a message can be there",
        "sed -i '1i LoginGraceTime 120' FILE && (systemctl reload ssh || systemctl reload sshd)";
    SSHD_PENALTIES = "sshd-penalties", Note, "sshd shuts out an address for a while after wrong codes, also those who share it",
        "sed -i '1i PerSourcePenalties authfail:1s' FILE && (systemctl reload ssh || systemctl reload sshd)";
    SSHD_ROOT = "sshd-root", Note, "root is asked and then refused by PermitRootLogin: over ssh root gets in by no way but an exemption",
        "pam-2fa exempt add root --from CIDR --until DATE --reason TEXT";

    // Other doors.
    DOOR_REMOTE = "door-remote", Risk, "a service that is reached over the network lets in without a code",
        "pam-2fa enable SERVICE";
    DOOR_DESKTOP = "door-desktop", Risk, "another way of the same screen lets in without a code",
        "pam-2fa enable SERVICE";
    DOOR_OTHER = "door-other", Note, "a service lets in without a code",
        "pam-2fa enable SERVICE";
    NOPASSWD = "nopasswd", Risk, "whoever is named becomes root without password and code",
        "visudo -f FILE";
    NOPASSWD_SOME = "nopasswd-some", Note, "a command may be run as another without password and code",
        "visudo -f FILE";
    AUTOLOGIN = "autologin", Risk, "a screen or terminal of this host logs somebody in by itself",
        "${EDITOR:-vi} FILE";
    COCKPIT_TIMEOUT = "cockpit-timeout", Risk, "Cockpit waits a minute for a code, and messages may take longer",
        "install -d /etc/cockpit && printf '[basic]\\nresponse-timeout = 300\\n' >> FILE && systemctl restart cockpit";
    COCKPIT_PASSED_BY = "cockpit-passed-by", Risk, "Cockpit lets in by another way than a password, which never comes to the stack: no code is asked for",
        "install -d /etc/cockpit && printf '[negotiate]\\naction = none\\n' >> FILE && systemctl restart cockpit";

    // The daemons.
    DAEMON_SILENT = "daemon-silent", Broken, "configd does not answer: whoever is to be asked for a code is denied",
        "systemctl restart pam-2fa-configd";
    DAEMON_SEALED = "daemon-sealed", Broken, "configd is sealed, and denies whoever is to be asked for a code: what it says is what to do",
        "pam-2fa status";
    DAEMON_PROBLEM = "daemon-problem", Risk, "configd works, and says that something must be seen to, and what",
        "pam-2fa status";
    DAEMON_RELEASE = "daemon-release", Risk, "configd is of another release than this command",
        "systemctl restart pam-2fa-configd pam-2fa-courier";
    UNIT_OFF = "unit-off", Risk, "a unit of ours does not start with the host",
        "systemctl enable --now UNIT";
    UNCONFIRMED = "unconfirmed", Broken, "nobody has confirmed it in time, and nothing has taken it back",
        "pam-2fa disable --unconfirmed";
    CHANNEL_TLS = "channel-tls", Broken, "the server's certificate is not taken, so nothing is sent to it",
        "pam-2fa test CHANNEL";
    CHANNEL_REFUSED = "channel-refused", Broken, "the server does not take our user and password, so nothing is sent by it",
        "pam-2fa secret set SETTING.password";
    CHANNEL_UNREACHED = "channel-unreached", Risk, "the courier does not come to the server now",
        "pam-2fa test CHANNEL";
    CHANNEL_UNTESTED = "channel-untested", Note, "nothing was ever sent by this way, so nobody knows whether codes arrive",
        "pam-2fa test CHANNEL";

    // Files.
    SOCKET_MISSING = "socket-missing", Broken, "a socket is not there, so nobody comes to the daemon by it",
        "systemctl restart UNIT";
    SOCKET_OWNER = "socket-owner", Broken, "root has not made the socket: whoever did sees what logins send",
        "rm FILE && systemctl restart UNIT";
    SOCKET_MODE = "socket-mode", Broken, "the socket's mode keeps out who needs it, or lets in who must not",
        "chmod MODE FILE";
    STATE_MODE = "state-mode", Broken, "others than configd can come to the key, the store or the folder of sockets",
        "chown OWNER FILE && chmod MODE FILE";
    CONFIG_MISSING = "config-missing", Broken, "there are no settings, so configd is sealed at its next start",
        "install -m 0640 -o root -g pam-2fa /dev/null FILE && pam-2fa config edit";
    CONFIG_MODE = "config-mode", Broken, "owner or mode of the settings are refused: at its next start configd is sealed",
        "chown root:pam-2fa FILE && chmod 0640 FILE";
    CONFIG_WRONG = "config-wrong", Broken, "the settings have errors: configd goes by the last that it took",
        "pam-2fa config edit";
    CONFIG_PLAIN = "config-plain", Risk, "a secret of the settings stands there readable",
        "pam-2fa config seal";
    CONFIG_UNLOADED = "config-unloaded", Risk, "the settings were changed and not taken over",
        "pam-2fa config reload";
    CA_FILE = "ca-file", Broken, "the file of the private authority is not there, so no certificate is taken",
        "pam-2fa config edit";
    POLICY_OFF = "policy-off", Risk, "services ask, and the settings say that nobody is asked",
        "pam-2fa config set policy.required mandatory";
    POLICY_REPORT = "policy-report", Note, "report mode: everyone is let in, and what would have been is written down",
        "pam-2fa config set policy.mode enforce";
    KEY_ROTATION = "key-rotation", Risk, "a rotation of the key is not finished",
        "pam-2fa key rotate";
    KEY_BESIDE = "key-beside", Note, "the key lies beside the store: a copy of the disk has both",
        "pam-2fa key to-credential --with tpm2 --export EXPORT";
    KEY_HOST = "key-host", Note, "the key's credential is locked by the host's own key alone, which lies on the same disk: a copy of all of it has both",
        "pam-2fa key to-credential --with tpm2 --export EXPORT";
    KEY_TWICE = "key-twice", Risk, "configd has the key from its credential, and the file of before is there still, readable",
        "pam-2fa key to-credential --with LOCK --exported";
    KEY_UNOPENED = "key-unopened", Broken, "the key's credential does not open here, so configd has no key when it starts",
        "pam-2fa key import EXPORT";
    KEY_IDLE = "key-idle", Risk, "configd has the key from its file, and a credential stands there that is taken first where it opens: another key in it would deny every login",
        "pam-2fa key to-file";
    KEY_CHANGED = "key-changed", Risk, "the key's credential is another one, or gone, since it was opened: the next start need not have the key in use",
        "systemctl restart pam-2fa-key && pam-2fa status";
    KEY_MEASURED = "key-measured", Risk, "the key's credential opens only while the host starts with the same firmware, boot loader or kernel",
        "pam-2fa key to-credential --with LOCK --exported";
    GLASS_NONE = "glass-none", Risk, "a console asks for break-glass codes, and none is good",
        "pam-2fa break-glass create --reason TEXT";

    // Users.
    USER_METHOD = "user-method", Risk, "a code is asked for, and this user has no way to get one: the login is denied",
        "pam-2fa user invite USER";
    USER_VIEW = "user-view", Broken, "configd sees another user than this host does, or none: the login is denied (NSS in its unit)",
        "systemctl restart pam-2fa-configd && getent passwd USER";
    USER_STALE = "user-stale", Risk, "a record is of a uid that the name does not have any more: it counts for nobody",
        "pam-2fa user set USER --email ADDRESS";
    USERS_CUT = "users-cut", Note, "there are more users than were asked about",
        "pam-2fa user list";
    MAILBOX_HERE = "mailbox-here", Broken, "the address is read on this host: who is logged in here reads the codes",
        "pam-2fa user set USER --email ADDRESS";
    MAILBOX_UNKNOWN = "mailbox-unknown", Note, "where mail for this address goes could not be looked up",
        "getent hosts DOMAIN";

    // The host.
    DISK_FULL = "disk-full", Broken, "the store cannot be written, and what cannot be charged is denied",
        "df -h FILE";
    DISK_LOW = "disk-low", Risk, "little space is left for the store",
        "df -h FILE";
    CLOCK_BEHIND = "clock-behind", Risk, "the clock stands behind a time that was seen before: no device is trusted until then",
        "timedatectl set-ntp true || pam-2fa clock reset";
    CLOCK_AHEAD = "clock-ahead", Risk, "the clock has leapt ahead, and configd does not follow yet",
        "timedatectl set-ntp true";
    CLOCK_FREE = "clock-free", Risk, "nothing keeps the clock right, and codes of apps are of the minute",
        "timedatectl set-ntp true";
    CLOCK_LOOSE = "clock-loose", Note, "nothing keeps the clock right",
        "timedatectl set-ntp true";
    LSM_DENIED = "lsm-denied", Risk, "SELinux has denied something to us since the start of the host",
        "ausearch -m avc -ts boot | audit2why";
    APPARMOR_DENIED = "apparmor-denied", Risk, "AppArmor has denied something to us since the start of the host",
        "aa-logprof";
}
