//! `io.pam2fa.Status`: how it is, for members of the group `pam-2fa-status`. The same as the administrator's `Status` without what
//! names anybody: no address, no name, no server, and nobody's own words.
//!
//! `varlink/io.pam2fa.Status.varlink` is the reference; the types are [`crate::admin`]'s.

use crate::service::Service;

/// The socket's interface.
pub const SERVICE: Service =
    Service { interface: "io.pam2fa.Status", description: include_str!("../varlink/io.pam2fa.Status.varlink") };

/// The socket below the runtime folder.
pub const SOCKET: &str = "status.sock";

/// Whose members may connect, beside root.
pub const GROUP: &str = "pam-2fa-status";

/// `()` → [`crate::admin::StatusReply`].
pub const STATUS: &str = "io.pam2fa.Status.Status";
/// The error of a caller where the socket lets everybody in.
pub const NOT_PERMITTED: &str = "io.pam2fa.Status.NotPermitted";
