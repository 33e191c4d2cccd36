//! The store and the seal as the daemon uses them: real files, real threads, real crashes.
//!
//! `crash` and `space` start this program again, as children that are killed or starved. (`cfg(test)` on each room is for the
//! lints, which look for it where they allow `unwrap`.)

#[cfg(test)]
mod administration;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod common;
#[cfg(test)]
mod confined;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod log;
#[cfg(test)]
mod methods;
#[cfg(test)]
mod model;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod races;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod sending_texts;
#[cfg(test)]
mod space;
#[cfg(test)]
mod upkeep;
#[cfg(test)]
mod vault;
