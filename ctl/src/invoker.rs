//! Who gives this order: the user of the audit session, whom sudo and su do not change; root where there is none. It decides nothing.

use nix::unistd::{Uid, User};

/// The name, or `uid N` where it is none that can stand in a line.
pub(crate) fn invoker() -> String {
    const UNSET: u32 = u32::MAX;
    let id = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse::<u32>().ok());
    let uid = Uid::from_raw(id.filter(|id| *id != UNSET).unwrap_or_default());
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name);
    name.filter(|name| crate::exempt::user(name).is_ok()).unwrap_or_else(|| format!("uid {uid}"))
}
