//! How many logins of one user stand at prompts at once. Each has a place of [`super::slots`], and those are few: who has one user's
//! password must not take them all.
//!
//! All that come from where the user is not known are counted together, so that nobody has more by changing addresses; each source
//! that the user is known at has as many for itself, which strangers cannot touch (rule 6). Where there are too many the oldest ends:
//! whoever comes is at a keyboard, of who came first that is not known. Its challenge stays open, for the next login to adopt.

use super::slots::OnceAMinute;
use crate::clock::SystemClock;
use crate::rules::PromptStyle;
use crate::store::Bucket;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// How many of one user, from one known source or from all others. Under the constant prompt more than sshd lets in at once unless it
/// is told to (`MaxStartups`, 100): whose own oldest login ends had the right password, and that is what nobody is told there.
#[must_use]
pub const fn most(prompt: PromptStyle) -> usize {
    match prompt {
        PromptStyle::Detailed => 32,
        PromptStyle::Constant => 128,
    }
}

/// Whose login stands, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    /// The name that is asked for.
    pub user: String,
    /// What it draws from: a known source is one of its own.
    pub bucket: Bucket,
}

/// The logins that stand, by group and in the order in which they came to stand.
#[derive(Debug, Default)]
pub struct Standing {
    groups: Mutex<Groups>,
    line: OnceAMinute,
}

#[derive(Debug, Default)]
struct Groups {
    next: u64,
    groups: HashMap<Group, BTreeMap<u64, oneshot::Sender<()>>>,
}

/// One that stands, for as long as this is not dropped.
#[derive(Debug)]
pub struct Stands {
    standing: Arc<Standing>,
    group: Group,
    number: u64,
    ended: oneshot::Receiver<()>,
}

impl Standing {
    /// One more stands; where there are more than `most` in its group then, the oldest there ends.
    #[must_use]
    pub fn join(self: &Arc<Self>, group: Group, most: usize) -> Stands {
        let (end, ended) = oneshot::channel();
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let number = groups.next;
        groups.next = number.saturating_add(1);
        let members = groups.groups.entry(group.clone()).or_default();
        members.insert(number, end);
        let oldest = if members.len() > most { members.pop_first() } else { None };
        drop(groups);
        if let Some((_, end)) = oldest {
            // It may just have ended by itself.
            let _gone = end.send(());
            if self.line.passes(SystemClock::boot_ms()) {
                let Group { user, bucket } = &group;
                tracing::warn!(
                    user,
                    ?bucket,
                    "more than {most} logins of one user stand at prompts: the oldest ends; somebody may have the password (said \
                     once a minute at most)"
                );
            }
        }
        Stands { standing: Arc::clone(self), group, number, ended }
    }
}

impl Stands {
    /// Ready when it has to go.
    pub async fn is_ended(&mut self) {
        if (&mut self.ended).await.is_err() {
            // The other half is dropped with this one alone.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Stands {
    fn drop(&mut self) {
        let mut groups = self.standing.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(members) = groups.groups.get_mut(&self.group) else { return };
        members.remove(&self.number);
        if members.is_empty() {
            groups.groups.remove(&self.group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SourceText;

    const MOST: usize = most(PromptStyle::Detailed);

    fn group(user: &str, bucket: Bucket) -> Group {
        Group { user: String::from(user), bucket }
    }

    fn is_ended(stands: &mut Stands) -> bool {
        stands.ended.try_recv().is_ok()
    }

    #[test]
    fn the_oldest_stranger_ends_for_the_thirty_third_and_nobody_of_a_known_source_or_of_another_user() {
        let standing = Arc::new(Standing::default());
        let known = |source: &str| Bucket::Known(SourceText(String::from(source)));
        let mut others: Vec<Stands> =
            [group("ada", known("192.0.2.7/32")), group("ada", known("local")), group("bob", Bucket::Stranger)]
                .map(|group| standing.join(group, MOST))
                .into();
        let mut strangers: Vec<Stands> =
            (0..300).map(|_| standing.join(group("ada", Bucket::Stranger), MOST)).collect();
        let ended: Vec<bool> = strangers.iter_mut().map(is_ended).collect();
        assert_eq!(ended.iter().position(|ended| !ended), Some(300 - MOST), "the oldest, and no other");
        assert_eq!(ended.iter().filter(|ended| !**ended).count(), MOST);
        assert!(!others.iter_mut().any(is_ended));
        // One that leaves makes room.
        strangers.pop();
        let _next = standing.join(group("ada", Bucket::Stranger), MOST);
        assert!(!is_ended(&mut strangers[300 - MOST]));
        drop((strangers, others, _next));
        assert!(standing.groups.lock().unwrap().groups.is_empty(), "nothing is left of those that ended");
    }
}
