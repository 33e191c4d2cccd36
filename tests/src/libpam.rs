//! A host of the real libpam with a private folder of services, and the stage it stands on.
//!
//! It must never use the machine's own `/etc/pam.d`, and never wait out a fail delay: it records what was asked for.

#![expect(unsafe_code, reason = "libpam is C")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a stage that cannot be set fails the test that stands on it")]

use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// PAM codes by the numbers of `_pam_types.h`, not by our own names for them.
pub mod code {
    #![expect(missing_docs, reason = "they are libpam's names")]
    pub const SUCCESS: i32 = 0;
    pub const PERM_DENIED: i32 = 6;
    pub const AUTH_ERR: i32 = 7;
    pub const AUTHINFO_UNAVAIL: i32 = 9;
    pub const MAXTRIES: i32 = 11;
    pub const CONV_ERR: i32 = 19;
    pub const IGNORE: i32 = 25;
    pub const MODULE_UNKNOWN: i32 = 28;
}

/// PAM items by the numbers of `_pam_types.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Item {
    /// `PAM_USER`.
    User = 2,
    /// `PAM_TTY`.
    Tty = 3,
    /// `PAM_RHOST`.
    RemoteHost = 4,
    /// `PAM_RUSER`.
    RemoteUser = 8,
}

/// `PAM_FAIL_DELAY`, whose value is a function.
const FAIL_DELAY: c_int = 10;
/// `PAM_SILENT`.
pub const SILENT: i32 = 0x8000;

/// How a message was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A prompt whose answer is hidden.
    Hidden,
    /// A prompt whose answer is seen.
    Echo,
    /// An error text.
    Error,
    /// An informational text.
    Info,
}

/// What the person, or the host in their place, does at a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Types this.
    Text(Vec<u8>),
    /// The host returns success and no text.
    Null,
    /// The host returns success and no reply at all.
    NoReply,
    /// The conversation fails with this code.
    Fail(i32),
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }
}

/// Called at each prompt with its number from 0.
type AtPrompt = Box<dyn FnMut(usize)>;

/// Called at each prompt with its style and text; what is typed.
type Person = Box<dyn FnMut(Style, &str) -> Reply>;

#[derive(Default)]
struct Conversation {
    replies: VecDeque<Reply>,
    shown: Vec<(Style, String)>,
    prompts: usize,
    at_prompt: Option<AtPrompt>,
    person: Option<Person>,
    delay: Option<Duration>,
    texts_without_reply: bool,
}

#[repr(C)]
struct Message {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct Response {
    text: *mut c_char,
    code: c_int,
}

type Converse = unsafe extern "C" fn(c_int, *mut *const Message, *mut *mut Response, *mut c_void) -> c_int;

#[repr(C)]
struct PamConv {
    converse: Converse,
    data: *mut c_void,
}

#[repr(C)]
struct Handle {
    _opaque: [u8; 0],
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conv: *const PamConv,
        confdir: *const c_char,
        handle: *mut *mut Handle,
    ) -> c_int;
    fn pam_end(handle: *mut Handle, status: c_int) -> c_int;
    fn pam_set_item(handle: *mut Handle, item: c_int, value: *const c_void) -> c_int;
    fn pam_get_item(handle: *const Handle, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_putenv(handle: *mut Handle, pair: *const c_char) -> c_int;
    fn pam_authenticate(handle: *mut Handle, flags: c_int) -> c_int;
    fn pam_setcred(handle: *mut Handle, flags: c_int) -> c_int;
}

unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const Message,
    responses: *mut *mut Response,
    data: *mut c_void,
) -> c_int {
    assert_eq!(count, 1, "one message at a time");
    // SAFETY: `data` is the Conversation that the Pam owns, and libpam's call borrows it alone.
    let conversation = unsafe { &mut *data.cast::<Conversation>() };
    // SAFETY: libpam hands over `count` pointers to messages, and count is 1.
    let message = unsafe { *messages };
    // SAFETY: one of those pointers, to a message that lives during the call.
    let message = unsafe { &*message };
    // SAFETY: a message's text is a string.
    let text = unsafe { CStr::from_ptr(message.text) }.to_str().unwrap().to_owned();
    let style = match message.style {
        1 => Style::Hidden,
        2 => Style::Echo,
        3 => Style::Error,
        4 => Style::Info,
        other => panic!("message style {other}"),
    };
    conversation.shown.push((style, text.clone()));
    let reply = match style {
        Style::Error | Style::Info if conversation.texts_without_reply => Reply::NoReply,
        Style::Error | Style::Info => Reply::Null,
        Style::Hidden | Style::Echo => {
            if let Some(at_prompt) = &mut conversation.at_prompt {
                at_prompt(conversation.prompts);
            }
            conversation.prompts = conversation.prompts.saturating_add(1);
            match &mut conversation.person {
                Some(person) => person(style, &text),
                None => conversation.replies.pop_front().unwrap_or(Reply::Fail(code::CONV_ERR)),
            }
        }
    };
    let typed = match reply {
        Reply::Fail(code) => return code,
        Reply::NoReply => {
            // SAFETY: libpam hands over where the replies go.
            unsafe { *responses = null_mut() };
            return code::SUCCESS;
        }
        Reply::Null => null_mut(),
        Reply::Text(typed) => {
            let typed = CString::new(typed).unwrap();
            // SAFETY: a string; the module frees the copy.
            unsafe { libc::strdup(typed.as_ptr()) }
        }
    };
    // SAFETY: plain allocation; the module frees it.
    let response = unsafe { libc::calloc(1, size_of::<Response>()) }.cast::<Response>();
    assert!(!response.is_null(), "out of memory");
    // SAFETY: not NULL, and of that size.
    unsafe { (*response).text = typed };
    // SAFETY: libpam hands over where the replies go.
    unsafe { *responses = response };
    code::SUCCESS
}

unsafe extern "C" fn record_delay(status: c_int, microseconds: c_uint, data: *mut c_void) {
    // SAFETY: `data` is the Conversation that the Pam owns.
    let conversation = unsafe { &mut *data.cast::<Conversation>() };
    if status != code::SUCCESS {
        conversation.delay = Some(Duration::from_micros(microseconds.into()));
    }
}

/// One PAM transaction.
pub struct Pam {
    handle: *mut Handle,
    // Behind a pointer of its own: libpam keeps its address.
    conversation: *mut Conversation,
}

impl Pam {
    /// Begins a transaction of `service` of the stage, for `user` (`None`: not set), with replies to the prompts to come.
    #[must_use]
    pub fn start(stage: &Stage, service: &str, user: Option<&str>, replies: &[Reply]) -> Self {
        Self::try_start(stage, service, user, replies).unwrap_or_else(|status| panic!("pam_start: {status}"))
    }

    /// The same, where libpam may refuse the service's files: its code.
    ///
    /// # Errors
    /// What `pam_start` said.
    pub fn try_start(stage: &Stage, service: &str, user: Option<&str>, replies: &[Reply]) -> Result<Self, i32> {
        let conversation = Conversation { replies: replies.iter().cloned().collect(), ..Conversation::default() };
        let conversation = Box::into_raw(Box::new(conversation));
        let conv = PamConv { converse, data: conversation.cast() };
        let service = CString::new(service).unwrap();
        let user = user.map(|user| CString::new(user).unwrap());
        let confdir = CString::new(stage.confdir().to_str().unwrap()).unwrap();
        let mut handle = null_mut();
        // SAFETY: strings and a conversation that libpam copies; `handle` is ours to write to.
        let status = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user.as_ref().map_or(null(), |user| user.as_ptr()),
                &raw const conv,
                confdir.as_ptr(),
                &raw mut handle,
            )
        };
        if status != code::SUCCESS {
            // SAFETY: made by Box above, and libpam has no handle that would hold it.
            drop(unsafe { Box::from_raw(conversation) });
            return Err(status);
        }
        let delay: unsafe extern "C" fn(c_int, c_uint, *mut c_void) = record_delay;
        // SAFETY: the handle is alive; the item is a function of that signature.
        let status = unsafe { pam_set_item(handle, FAIL_DELAY, delay as *const c_void) };
        assert_eq!(status, code::SUCCESS, "pam_set_item");
        Ok(Self { handle, conversation })
    }

    fn conversation(&mut self) -> &mut Conversation {
        // SAFETY: made by Box in `start`, freed on drop, and no call of libpam is under way.
        unsafe { &mut *self.conversation }
    }

    /// What happens while a prompt stands, before it is answered.
    pub fn at_prompt(&mut self, act: impl FnMut(usize) + 'static) {
        self.conversation().at_prompt = Some(Box::new(act));
    }

    /// Someone reads each prompt and answers it, in place of the replies that `start` was given.
    pub fn answered_by(&mut self, person: impl FnMut(Style, &str) -> Reply + 'static) {
        self.conversation().person = Some(Box::new(person));
    }

    /// Informational and error texts come back without any reply, as some hosts do it.
    pub fn answer_texts_with_nothing(&mut self) {
        self.conversation().texts_without_reply = true;
    }

    /// Sets an item.
    pub fn set(&mut self, item: Item, value: &str) {
        let value = CString::new(value).unwrap();
        // SAFETY: the handle is alive; the item is a string that libpam copies.
        let status = unsafe { pam_set_item(self.handle, item as c_int, value.as_ptr().cast()) };
        assert_eq!(status, code::SUCCESS, "pam_set_item");
    }

    /// The user's name as it is now.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        let mut value = null();
        // SAFETY: the handle is alive, `value` is ours to write to.
        let status = unsafe { pam_get_item(self.handle, Item::User as c_int, &raw mut value) };
        assert_eq!(status, code::SUCCESS, "pam_get_item");
        if value.is_null() {
            return None;
        }
        // SAFETY: not NULL, so a string that lives while the handle does.
        Some(unsafe { CStr::from_ptr(value.cast()) }.to_str().unwrap().to_owned())
    }

    /// Sets a variable of the PAM environment.
    pub fn put_env(&mut self, pair: &str) {
        let pair = CString::new(pair).unwrap();
        // SAFETY: the handle is alive, the pair is a string that libpam copies.
        assert_eq!(unsafe { pam_putenv(self.handle, pair.as_ptr()) }, code::SUCCESS, "pam_putenv");
    }

    /// `pam_authenticate`.
    pub fn authenticate(&mut self, flags: i32) -> i32 {
        // SAFETY: the handle is alive.
        unsafe { pam_authenticate(self.handle, flags) }
    }

    /// `pam_setcred`.
    pub fn set_credentials(&mut self) -> i32 {
        // SAFETY: the handle is alive; 2 is PAM_ESTABLISH_CRED.
        unsafe { pam_setcred(self.handle, 2) }
    }

    /// All that was shown so far.
    pub fn shown(&mut self) -> Vec<(Style, String)> {
        self.conversation().shown.clone()
    }

    /// The delay that libpam would have waited out after a failure, within its random quarter either way (pam_fail_delay(3)).
    pub fn fail_delay(&mut self) -> Option<Duration> {
        self.conversation().delay
    }
}

impl Drop for Pam {
    fn drop(&mut self) {
        // SAFETY: the handle is alive and not used after.
        unsafe { pam_end(self.handle, code::SUCCESS) };
        // SAFETY: made by Box in `start`, and libpam has let go of it.
        drop(unsafe { Box::from_raw(self.conversation) });
    }
}

/// A folder of its own with the module, a socket's place and service files, readable by every uid; gone on drop.
#[derive(Debug)]
pub struct Stage {
    dir: PathBuf,
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    /// Sets the stage up. The service `other` denies.
    #[must_use]
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = PathBuf::from(format!("/tmp/pam-2fa-stage-{}-{number}", std::process::id()));
        let stage = Self { dir };
        fs::create_dir_all(stage.confdir()).unwrap();
        fs::set_permissions(&stage.dir, fs::Permissions::from_mode(0o777)).unwrap();
        let built = module();
        fs::copy(&built, stage.module())
            .unwrap_or_else(|error| panic!("{}: {error}; build it: cargo build --release -p pam_2fa", built.display()));
        stage.service("other", &["auth required pam_deny.so".into()]);
        stage
    }

    /// The folder itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the service files are.
    #[must_use]
    pub fn confdir(&self) -> PathBuf {
        self.dir.join("pam.d")
    }

    /// The stage's own copy of the module.
    #[must_use]
    pub fn module(&self) -> PathBuf {
        self.dir.join("pam_2fa.so")
    }

    /// Where the daemon's socket goes.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join("login.sock")
    }

    /// A line of a service file with our module, its socket named.
    #[must_use]
    pub fn line(&self, control: &str, options: &str) -> String {
        format!("auth {control} {} socket={} {options}", self.module().display(), self.socket().display())
    }

    /// Writes a service file.
    pub fn service(&self, name: &str, lines: &[String]) {
        fs::write(self.confdir().join(name), lines.join("\n") + "\n").unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.dir));
    }
}

/// The built module: `libpam_2fa.so` in `E2E_BIN_DIR`, or in the release folder of this checkout.
#[must_use]
pub fn module() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the test run says where the release build is")]
    let folder = std::env::var_os("E2E_BIN_DIR");
    let folder = folder.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release"), PathBuf::from);
    folder.join("libpam_2fa.so")
}

/// Runs `act` in a thread of its own under another uid; the rest of the process stays what it is.
pub fn as_uid<T: Send>(uid: u32, act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            become_uid(uid);
            act()
        });
        thread.join().unwrap()
    })
}

/// Gives this thread, and only this, another uid for good.
pub fn become_uid(uid: u32) {
    // SAFETY: the bare system call takes numbers; glibc's wrapper would change all threads.
    let status = unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) };
    assert_eq!(status, 0, "setresuid: these tests run as root");
}

/// Runs `act` in a thread whose real uid is another, as that of a setuid program of root's is its caller's.
pub fn called_by<T: Send>(uid: u32, act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: the bare system call takes numbers; glibc's wrapper would change all threads.
            let status = unsafe { libc::syscall(libc::SYS_setresuid, uid, 0, 0) };
            assert_eq!(status, 0, "setresuid: these tests run as root");
            act()
        });
        thread.join().unwrap()
    })
}

/// Lets this process have so many descriptors.
pub fn many_descriptors(count: u64) {
    let limit = libc::rlimit { rlim_cur: count, rlim_max: count };
    // SAFETY: a plain call with a structure of ours.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!(status, 0, "setrlimit: these tests run as root");
}

/// Lets every other process go before the calling thread.
pub fn step_back() {
    // SAFETY: a plain call with numbers; 0 is the calling thread (setpriority(2)).
    let status = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) };
    assert_eq!(status, 0, "setpriority");
}

/// Listens again on a socket that listens already, with another backlog.
pub fn listen_again(listener: &impl AsRawFd, backlog: i32) {
    // SAFETY: takes numbers; the descriptor is open.
    let status = unsafe { libc::listen(listener.as_raw_fd(), backlog) };
    assert_eq!(status, 0, "listen");
}
