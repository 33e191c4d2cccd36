//! Services that nobody is asked in unless the file says otherwise: the part of policy's built-in table that who plans without a configd
//! must know, too (`pam-2fa enable --all`).

/// Nobody is there to be asked: a greeter's own session, an automatic login, jobs, a user's systemd. Whoever set one of these up
/// said that it opens without a password, too.
pub const WITHOUT_A_PERSON: &[&str] = &[
    "gdm-launch-environment",
    "gdm-autologin",
    "sddm-greeter",
    "sddm-autologin",
    "plasmalogin-greeter",
    "plasmalogin-autologin",
    "lightdm-greeter",
    "lightdm-autologin",
    "greetd-greeter",
    "ly-autologin",
    "kdm-np",
    "kde-np",
    "nodm",
    "cron",
    "crond",
    "fcron",
    "atd",
    "systemd-user",
    // root's own way to become somebody: it asks nobody for a password.
    "runuser",
    "runuser-l",
];

/// Tools that ask for the password of somebody who is logged in, to change an entry of their own, or that take root alone. They
/// come by a code only because they include the distribution's common stack.
pub const OWN_ENTRY: &[&str] = &[
    "passwd",
    "chfn",
    "chsh",
    "fcrontab",
    // root's alone, by pam_rootok: Debian's passwd, and what else upstream's shadow installs (EL: sssd-shadowutils).
    "chpasswd",
    "chgpasswd",
    "newusers",
    "chage",
    "groupadd",
    "groupdel",
    "groupmod",
    "groupmems",
    "useradd",
    "userdel",
    "usermod",
    "sssd-shadowutils",
];

/// Protocols in which nothing but a name and a password can be said, and that open no session of this host: mail, print, dial-in,
/// shares. A code here would only break them. One who wants it can say so in `[services]`.
///
/// Not among them is what gives a person the host's files or a session by a password (`vsftpd`, `proftpd`, `xrdp-sesman`,
/// `ocserv`, `openvpn`, `vmtoolsd`, `rexec` …): it is asked, and where its protocol cannot ask it is denied.
pub const NO_SESSION: &[&str] = &[
    // Dovecot, Cyrus, Courier, UW.
    "dovecot",
    "imap",
    "pop",
    "pop3",
    "sieve",
    "lmtp",
    "mupdate",
    "nntp",
    "csync",
    // SMTP AUTH by saslauthd; EL's alternatives behind `smtp`; Courier.
    "smtp",
    "smtp.postfix",
    "smtp.sendmail",
    "esmtp",
    "cups",
    "ppp",
    "samba",
];
