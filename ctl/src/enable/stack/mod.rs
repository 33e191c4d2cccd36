//! The auth stack of a service as libpam makes it of pam.d files, and what can happen in it. It reads and never writes.
//!
//! | file | |
//! |---|---|
//! | `line` | lines and words of a file (libpam's `_pam_assemble_line`, `_pam_StrTok`) |
//! | `control` | `required`, `[success=1 default=ignore]`: what a module's answer does to the stack |
//! | `read` | a service's files, one in another, as one list of lines |
//! | `dispatch` | libpam's loop over that list, a step at a time |
//! | `module` | what a module can answer, and whether its success proves a first factor |
//! | `walk` | every way through the stack |
//! | `flat` | the same lines in one file, with ours among them |
//! | `same` | whether two stacks let the same people in |
//! | `answer` | whether the full mode runs once after a proven first factor and never otherwise |
//!
//! What libpam does is taken from Linux-PAM 1.5.2 (libpam/pam_handlers.c, pam_misc.c, pam_dispatch.c) with Debian's patches, and
//! `tests/tests/stack.rs` holds it against the libpam of the host.

mod answer;
mod control;
mod dispatch;
pub(crate) mod flat;
pub(crate) mod line;
mod module;
mod read;
mod same;
mod walk;

pub use answer::Answer;
pub(crate) use control::Action;
pub use control::Code;
pub use dispatch::run;
pub(crate) use module::is_ours;
pub use read::{Dialect, Host, Line, Place, Stack, Unreadable, What};
pub(crate) use same::difference;
