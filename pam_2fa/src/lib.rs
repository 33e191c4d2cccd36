//! `pam_2fa.so`: stops a login after its first factor until the daemon has said yes. It asks, it never decides.
//!
//! It lives in other people's processes (sshd, login, sudo, display managers) as root or as the user. So it must never start a
//! thread, install a signal handler, fork, read the environment, resolve a name by DNS, print, keep a descriptor, or take
//! memory by a size that came from outside; and no path through it may end in success but a verdict of the daemon, or a break-glass code that is marked as used.
//!
//! The way of a login: `ffi::entry` (what libpam calls, and the fence against panics) → [`options`] → [`login`], which reads
//! the [`items`] (and the [`stamp`] of the password), opens the [`channel`] to the daemon and leads the [`dialogue`] or plays the [`decoy`] through the
//! [`conversation`]; [`key_proven`] is the mode that asks nobody, and [`break_glass`] is for when there is nobody to ask. [`verdict`] turns every end into a PAM code; [`stop`] lists
//! the ends that are not a verdict; [`clock`] bounds it all.

#[cfg(panic = "abort")]
compile_error!("pam_2fa lives in other processes: build it with panic = \"unwind\", or its fence is switched off");

mod break_glass;
mod channel;
mod clock;
mod conversation;
mod decoy;
mod dialogue;
#[expect(unsafe_code, reason = "the one place that speaks C; everything above it is safe")]
mod ffi;
mod items;
mod key_proven;
mod login;
mod options;
mod pace;
mod stamp;
mod stop;
mod verdict;
