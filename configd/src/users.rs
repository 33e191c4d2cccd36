//! Look-ups in the system's user database (rule 12): on a small pool of threads of their own, since a module of NSS can hang,
//! and for [`PATIENCE`] at most. Late or failed is an answer of its own, and denies.

use crate::clock::SystemClock;
use crate::console;
use crate::login::{LookUp, LookedUp, Resolution};
use crate::membership;
use crate::store::UserKey;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

mod passwd;
mod pool;

use passwd::Passwd;
pub use pool::PATIENCE;
use pool::Pool;

/// How many of root's callers' may be under way.
pub const FOR_ROOT: usize = 8;

/// How many of everybody else's: a pool of their own, or two users who ask for names that take the directory long would keep
/// everyone out (fault 19).
pub const FOR_OTHERS: usize = 2;

/// How many threads more, for each of those, where a directory of the network hangs: whoever is in it is denied then, and others are
/// not. They cost a stack each, and go when it answers.
const MORE_WHERE_HUNG: usize = 4;

/// A source of users.
pub trait Directory: Send + Sync + 'static {
    /// The uid and canonical name of `name`; `None` where there is none.
    ///
    /// # Errors
    /// The database's own words.
    fn find(&self, name: &str) -> Result<Option<UserKey>, String>;

    /// Those of `names` whom the host's own file of users knows, where that file is what is asked first. With a long file this is one
    /// reading instead of one for each name.
    fn find_here(&self, _names: &[String]) -> HashMap<String, UserKey> {
        HashMap::new()
    }

    /// Whether the host's own list of groups has `user` as a member of one of `groups`; what a network says does not count.
    ///
    /// # Errors
    /// Why that cannot be told.
    fn is_listed(&self, _user: &UserKey, _groups: &[String]) -> Result<bool, String> {
        Err(String::from("this directory has no groups"))
    }

    /// Whether `user` is in one of `groups`, wherever they come from.
    ///
    /// # Errors
    /// The database's own words.
    fn is_member(&self, _user: &UserKey, _groups: &[String]) -> Result<bool, String> {
        Err(String::from("this directory has no groups"))
    }

    /// Whether a user sits at this machine.
    fn is_at_console(&self, _user: &UserKey) -> bool {
        false
    }

    /// Whether an address is this host's own; `None`: that cannot be seen.
    fn is_own(&self, _address: IpAddr) -> Option<bool> {
        None
    }
}

/// NSS, by `getpwnam_r(3)`, and the host's own files.
#[derive(Debug, Default)]
pub struct SystemDirectory {
    passwd: Passwd,
}

impl Directory for SystemDirectory {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        match nix::unistd::User::from_name(name) {
            Ok(found) => Ok(found.map(|user| UserKey { uid: user.uid.as_raw(), name: user.name })),
            Err(error) => Err(error.to_string()),
        }
    }

    fn find_here(&self, names: &[String]) -> HashMap<String, UserKey> {
        // What cannot be read is asked the usual way.
        let switch = std::fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
        let found = asks_file_first(&switch)
            .then(|| self.passwd.find(Path::new("/etc/passwd"), names, SystemClock::wall_s()).ok());
        found.flatten().unwrap_or_default()
    }

    fn is_listed(&self, user: &UserKey, groups: &[String]) -> Result<bool, String> {
        membership::is_listed(&user.name, groups)
    }

    fn is_member(&self, user: &UserKey, groups: &[String]) -> Result<bool, String> {
        membership::is_member(user, groups)
    }

    fn is_at_console(&self, user: &UserKey) -> bool {
        console::is_there(user.uid)
    }

    fn is_own(&self, address: IpAddr) -> Option<bool> {
        membership::is_own(address)
    }
}

/// Whether nsswitch.conf(5) has `files` before all others for users; then what the file says is what every program is told.
fn asks_file_first(switch: &str) -> bool {
    let mut lines = switch.lines().filter_map(|line| line.trim_start().strip_prefix("passwd:"));
    let first = lines.next().and_then(|sources| sources.split_whitespace().next());
    first == Some("files") && lines.next().is_none()
}

/// What policy wants to know that stands in the host's own files and in the kernel's: no directory is asked for it.
fn look_here(directory: &dyn Directory, ask: &LookUp) -> Result<LookedUp, String> {
    let here = ask.from.map(|address| directory.is_own(address));
    let listed = !ask.exempt_groups.is_empty() && directory.is_listed(&ask.user, &ask.exempt_groups)?;
    let console = ask.console && directory.is_at_console(&ask.user);
    Ok(LookedUp { listed, member: false, console, here: here.flatten() })
}

/// The pools.
pub struct Users {
    /// For the host's own files, which do not hang.
    here: Pool,
    /// For NSS, which may.
    nss: Pool,
}

impl Users {
    /// Starts so many threads for NSS, and one for the files.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(directory: Arc<dyn Directory>, threads: usize) -> std::io::Result<Self> {
        let here = Pool::start("users-here", Arc::clone(&directory), 1, 0)?;
        let nss = Pool::start("users", directory, threads, threads.saturating_mul(MORE_WHERE_HUNG))?;
        Ok(Self { here, nss })
    }

    /// Looks `name` up. Whoever the host's own file knows is found there, where it is what every program asks first: however many
    /// look-ups a directory of the network holds up, they do not hold up these.
    pub async fn resolve(&self, name: String) -> Resolution {
        let names = [name.clone()];
        let mut here = self.here.ask(move |directory| directory.find_here(&names)).await.unwrap_or_default();
        if let Some(user) = here.remove(&name) {
            return Resolution::Found(user);
        }
        match self.nss.ask(move |directory| directory.find(&name)).await {
            Ok(Ok(Some(user))) => Resolution::Found(user),
            Ok(Ok(None)) => Resolution::Unknown,
            Ok(Err(why)) => Resolution::Failed(why),
            Err(why) => Resolution::Failed(String::from(why)),
        }
    }

    /// Looks many up at once, in their order: those whom the host's own file knows in one reading of it, the others one by one. After
    /// the first that is late or fails, nobody else is waited for.
    pub async fn resolve_all(&self, names: Vec<String>) -> Vec<Resolution> {
        let asked = names.clone();
        let here = self.here.ask(move |directory| directory.find_here(&asked)).await.unwrap_or_default();
        let mut all = Vec::with_capacity(names.len());
        let mut failed = None;
        for name in names {
            let resolution = match (here.get(&name), &failed) {
                (Some(user), _) => Resolution::Found(user.clone()),
                (None, Some(why)) => Resolution::Failed(String::clone(why)),
                (None, None) => self.resolve(name).await,
            };
            if let Resolution::Failed(why) = &resolution {
                failed.get_or_insert_with(|| why.clone());
            }
            all.push(resolution);
        }
        all
    }

    /// Whether one of `names` means `uid` now; `None`: late, or an error.
    pub async fn one_means(&self, names: Vec<String>, uid: u32) -> Option<bool> {
        let found = self
            .nss
            .ask(move |directory| {
                names.iter().try_fold(false, |found, name| {
                    Ok::<_, String>(found || directory.find(name)?.is_some_and(|user| user.uid == uid))
                })
            })
            .await;
        found.ok()?.ok()
    }

    /// Looks up what policy wants to know about a user, in the order of its rules: who is exempt is not looked for in what requires.
    /// A directory is asked for that alone.
    ///
    /// # Errors
    /// Late, or the database's own words.
    pub async fn look(&self, ask: LookUp) -> Result<LookedUp, String> {
        let (user, required) = (ask.user.clone(), ask.required_groups.clone());
        let found = self.here.ask(move |directory| look_here(directory, &ask)).await??;
        if found.listed || required.is_empty() {
            return Ok(found);
        }
        let member = self.nss.ask(move |directory| directory.is_member(&user, &required)).await??;
        Ok(LookedUp { member, ..found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, sync_channel};

    /// Answers for `ada`, hangs on `slow` until it is let go, fails on `broken`.
    struct Scripted(Mutex<Receiver<()>>);

    impl Directory for Scripted {
        fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
            match name {
                "ada" => Ok(Some(UserKey { uid: 1000, name: String::from("ada") })),
                "broken" => Err(String::from("EIO")),
                "slow" => {
                    let _held = self.0.lock().unwrap().recv();
                    Ok(None)
                }
                _ => Ok(None),
            }
        }
    }

    #[tokio::test]
    async fn a_directory_that_hangs_is_late_and_holds_up_nobody_else() {
        let (let_go, held) = sync_channel::<()>(8);
        let users = Users::start(Arc::new(Scripted(Mutex::new(held))), FOR_ROOT).unwrap();
        let slow = users.resolve(String::from("slow"));
        assert_eq!(slow.await, Resolution::Failed(String::from("the user database did not answer within 1 s")));
        assert_eq!(
            users.resolve(String::from("ada")).await,
            Resolution::Found(UserKey { uid: 1000, name: String::from("ada") })
        );
        assert_eq!(users.resolve(String::from("eve")).await, Resolution::Unknown);
        assert_eq!(users.resolve(String::from("broken")).await, Resolution::Failed(String::from("EIO")));
        assert_eq!(users.one_means(vec![String::from("eve"), String::from("ada")], 1000).await, Some(true));
        assert_eq!(users.one_means(vec![String::from("ada")], 0).await, Some(false));
        assert_eq!(users.one_means(vec![String::from("broken")], 0).await, None);
        let_go.send(()).unwrap();
    }

    #[tokio::test]
    async fn however_many_look_ups_hang_whoever_the_file_knows_is_found_and_others_too_up_to_a_bound() {
        /// The file knows `root`; the network knows `ada`, and hangs on `slow`.
        struct Half(Scripted);

        impl Directory for Half {
            fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
                self.0.find(name)
            }

            fn find_here(&self, names: &[String]) -> HashMap<String, UserKey> {
                let root = UserKey { uid: 0, name: String::from("root") };
                names.iter().filter(|name| *name == "root").map(|name| (name.clone(), root.clone())).collect()
            }
        }

        let (let_go, held) = sync_channel::<()>(100);
        let users = Arc::new(Users::start(Arc::new(Half(Scripted(Mutex::new(held)))), FOR_ROOT).unwrap());
        let hang = |count: usize| {
            let asked: Vec<_> = (0..count)
                .map(|_| {
                    let users = Arc::clone(&users);
                    tokio::spawn(async move { users.resolve(String::from("slow")).await })
                })
                .collect();
            async move {
                for one in asked {
                    assert!(matches!(one.await.unwrap(), Resolution::Failed(why) if why.contains("within 1 s")));
                }
            }
        };
        let found = |uid, name: &str| Resolution::Found(UserKey { uid, name: String::from(name) });
        // Of twenty eight hang, and have others in their place; what was not begun is not begun any more.
        hang(20).await;
        assert_eq!(users.resolve(String::from("ada")).await, found(1000, "ada"));
        for _ in 0..4 {
            hang(FOR_ROOT).await;
        }
        // All threads hang that there may be.
        assert!(matches!(users.resolve(String::from("ada")).await, Resolution::Failed(_)));
        assert_eq!(users.resolve(String::from("root")).await, found(0, "root"));
        for _ in 0..100 {
            let_go.send(()).unwrap();
        }
        let again = async { while users.resolve(String::from("ada")).await != found(1000, "ada") {} };
        tokio::time::timeout(std::time::Duration::from_secs(30), again).await.unwrap();
    }

    /// What was asked of it, in order; `Err` for the group `broken`.
    #[derive(Default)]
    struct Asked(Mutex<Vec<String>>);

    impl Directory for Asked {
        fn find(&self, _name: &str) -> Result<Option<UserKey>, String> {
            Ok(None)
        }

        fn is_listed(&self, user: &UserKey, groups: &[String]) -> Result<bool, String> {
            self.0.lock().unwrap().push(format!("listed {} {groups:?}", user.name));
            if groups == ["broken"] { Err(String::from("EIO")) } else { Ok(groups == ["ops"]) }
        }

        fn is_member(&self, user: &UserKey, groups: &[String]) -> Result<bool, String> {
            self.0.lock().unwrap().push(format!("member {} {groups:?}", user.name));
            Ok(true)
        }

        fn is_own(&self, address: IpAddr) -> Option<bool> {
            self.0.lock().unwrap().push(format!("own {address}"));
            None
        }
    }

    fn ask(exempt: &[&str], required: &[&str]) -> LookUp {
        let strings = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let user = UserKey { uid: 1000, name: String::from("ada") };
        LookUp { user, exempt_groups: strings(exempt), required_groups: strings(required), console: false, from: None }
    }

    #[tokio::test]
    async fn what_no_setting_asks_for_is_not_looked_up_and_what_fails_is_no_answer() {
        let asked = async |ask: LookUp| {
            let directory = Arc::new(Asked::default());
            let users = Users::start(Arc::clone(&directory) as Arc<dyn Directory>, 1).unwrap();
            let found = users.look(ask).await.map(|found| (found.listed, found.member));
            let asked = directory.0.lock().unwrap().clone();
            (found, asked)
        };
        assert_eq!(asked(ask(&[], &[])).await, (Ok((false, false)), vec![]));
        let ops = String::from("listed ada [\"ops\"]");
        let wheel = String::from("member ada [\"wheel\"]");
        assert_eq!(asked(ask(&["ops"], &["wheel"])).await, (Ok((true, false)), vec![ops]));
        let adm = String::from("listed ada [\"adm\"]");
        assert_eq!(asked(ask(&["adm"], &["wheel"])).await, (Ok((false, true)), vec![adm, wheel]));
        assert_eq!(asked(ask(&["broken"], &["wheel"])).await.0, Err(String::from("EIO")));
        let from = Some(IpAddr::from([192, 0, 2, 7]));
        let unseen = asked(LookUp { from, ..ask(&[], &[]) }).await;
        assert_eq!(unseen, (Ok((false, false)), vec![String::from("own 192.0.2.7")]));
    }

    #[tokio::test]
    async fn what_exempts_is_seen_while_every_question_to_the_directory_hangs_and_what_requires_is_late() {
        /// The host's own files answer, the directory does not.
        struct Hangs(Scripted);

        impl Directory for Hangs {
            fn find(&self, _name: &str) -> Result<Option<UserKey>, String> {
                self.0.find("slow")
            }

            fn is_listed(&self, _user: &UserKey, groups: &[String]) -> Result<bool, String> {
                Ok(groups == ["ops"])
            }

            fn is_member(&self, user: &UserKey, _groups: &[String]) -> Result<bool, String> {
                self.find(&user.name).map(|found| found.is_some())
            }

            fn is_at_console(&self, _user: &UserKey) -> bool {
                true
            }

            fn is_own(&self, _address: IpAddr) -> Option<bool> {
                Some(true)
            }
        }

        let (let_go, held) = sync_channel::<()>(100);
        let users = Users::start(Arc::new(Hangs(Scripted(Mutex::new(held)))), 1).unwrap();
        for _ in 0..=MORE_WHERE_HUNG {
            assert!(matches!(users.resolve(String::from("eve")).await, Resolution::Failed(_)));
        }
        let from = Some(IpAddr::from([192, 0, 2, 7]));
        let found = LookedUp { listed: false, member: false, console: true, here: Some(true) };
        assert_eq!(users.look(LookUp { console: true, from, ..ask(&["adm"], &[]) }).await, Ok(found));
        let exempt = users.look(ask(&["ops"], &["wheel"])).await.map(|found| found.listed);
        assert_eq!(exempt, Ok(true), "who is exempt is not looked for in what requires");
        let late = users.look(ask(&["adm"], &["wheel"])).await;
        assert_eq!(late, Err(String::from("the user database did not answer within 1 s")));
        for _ in 0..100 {
            let_go.send(()).unwrap();
        }
    }

    #[test]
    fn the_real_directory_knows_root() {
        let directory = SystemDirectory::default();
        assert_eq!(directory.find("root"), Ok(Some(UserKey { uid: 0, name: String::from("root") })));
        assert_eq!(directory.find("no-such-user-here"), Ok(None));
    }

    #[test]
    fn the_file_is_asked_alone_only_where_every_program_asks_it_first() {
        for (switch, first) in [
            ("passwd:         files systemd\n", true),
            ("# passwd: sss\npasswd: files [NOTFOUND=return] sss\ngroup: sss\n", true),
            ("passwd: sss files\n", false),
            ("passwd: compat\n", false),
            ("passwd:\n", false),
            ("group: files\n", false),
            ("passwd: files\npasswd: sss\n", false),
            ("", false),
        ] {
            assert_eq!(asks_file_first(switch), first, "{switch}");
        }
    }

    #[tokio::test]
    async fn many_are_looked_up_in_their_order_and_nobody_is_waited_for_after_one_that_fails() {
        let (_hold, held) = std::sync::mpsc::channel();
        let users = Users::start(Arc::new(Scripted(Mutex::new(held))), 2).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let ada = Resolution::Found(UserKey { uid: 1000, name: String::from("ada") });
        let all = users.resolve_all(names(&["ada", "nobody", "ada"])).await;
        assert_eq!(format!("{all:?}"), format!("{:?}", [ada.clone(), Resolution::Unknown, ada.clone()]));
        let all = users.resolve_all(names(&["ada", "broken", "slow", "ada", "slow"])).await;
        let failed = || Resolution::Failed(String::from("EIO"));
        assert_eq!(format!("{all:?}"), format!("{:?}", [ada, failed(), failed(), failed(), failed()]));
    }
}
