//! A service's auth lines as libpam collects them: its file, what that takes in, or `other` where it has none. It reads files and
//! runs nothing.

use super::control::Control;
use super::line::{self, Broken};
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Where services are looked for, the first that has one (libpam's `PAM_CONFIG_D`, `PAM_CONFIG_DIST_D`, and SUSE's vendor folder).
const FOLDERS: [&str; 3] = ["etc/pam.d", "usr/lib/pam.d", "usr/etc/pam.d"];
/// The service whose lines count for one that has none.
const OTHER: &str = "other";
/// `PAM_SUBSTACK_MAX_LEVEL`.
const MOST_LEVELS: usize = 16;
/// Files in files. Up to libpam 1.5 there is no limit for them; from 1.6 on it is that of substacks.
const DEEPEST: usize = MOST_LEVELS - 1;
/// A larger file is no pam.d file.
const LONGEST: u64 = 1 << 20;

/// Whose libpam it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Knows `@include`, and looks for what a file takes in in /etc/pam.d alone.
    Debian,
    /// Everybody else's.
    Upstream,
}

/// A host's files.
#[derive(Debug, Clone)]
pub struct Host {
    root: PathBuf,
    dialect: Dialect,
    /// What is to stand in these files, whatever stands there now.
    planned: Vec<(PathBuf, Vec<u8>)>,
}

impl Host {
    /// The host whose root is there.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        let is_debian = root.join("etc/debian_version").exists();
        Self::new(root, if is_debian { Dialect::Debian } else { Dialect::Upstream })
    }

    /// The same, where the caller knows whose libpam it is.
    #[must_use]
    pub fn new(root: &Path, dialect: Dialect) -> Self {
        Self { root: root.to_owned(), dialect, planned: Vec::new() }
    }

    /// The same host, if that stood in that file of it.
    #[must_use]
    pub fn with(&self, file: &Path, text: &[u8]) -> Self {
        let mut host = self.clone();
        host.planned.retain(|(path, _)| path != file);
        host.planned.push((file.to_owned(), text.to_vec()));
        host
    }

    /// Whose libpam it has.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where its services are looked for, the first that has one.
    pub fn folders(&self) -> impl Iterator<Item = PathBuf> {
        FOLDERS.iter().map(|folder| self.root.join(folder))
    }

    /// What stands in a file that another takes in; none where it is in no folder.
    pub(crate) fn text_of(&self, name: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.open(name, self.folders_of_includes())?.map(|(_, text)| text))
    }

    /// What stands in a service's own file; none where it has none.
    pub(crate) fn text_of_service(&self, name: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.open(name, &FOLDERS)?.map(|(_, text)| text))
    }

    /// Where files that others take in are looked for.
    fn folders_of_includes(&self) -> &'static [&'static str] {
        match self.dialect {
            Dialect::Debian => FOLDERS.get(..1).unwrap_or(&FOLDERS),
            Dialect::Upstream => &FOLDERS,
        }
    }

    /// The file of a service, and what stands in it; none where it is in no folder.
    fn open(&self, name: &str, folders: &[&str]) -> Result<Option<(PathBuf, Vec<u8>)>, Unreadable> {
        let places = if let Some(absolute) = name.strip_prefix('/') {
            vec![self.root.join(absolute)]
        } else {
            folders.iter().map(|folder| self.root.join(folder).join(name)).collect()
        };
        for path in places {
            if let Some((_, text)) = self.planned.iter().find(|(planned, _)| *planned == path) {
                return Ok(Some((path, text.clone())));
            }
            match self.read(&path) {
                Ok(bytes) => return Ok(Some((path, bytes))),
                // libpam takes whatever it cannot open for missing, and root can open everything that is a file.
                Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(why) => return Err(Unreadable::File { path, why }),
            }
        }
        Ok(None)
    }

    /// What is to stand in that file, by whatever name it is read. A pipe is not waited for, and what has no end is not read to it.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.file(path)?;
        let about = file.metadata()?;
        if !about.is_file() || about.len() > LONGEST {
            return Err(io::Error::other("it is no file of a service"));
        }
        let is_it = |planned: &Path| {
            planned.symlink_metadata().is_ok_and(|own| (own.dev(), own.ino()) == (about.dev(), about.ino()))
        };
        if let Some((_, text)) = self.planned.iter().find(|(planned, _)| is_it(planned)) {
            return Ok(text.clone());
        }
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A link of a host that is mounted somewhere is followed as that host would follow it: authselect's are absolute.
    fn file(&self, path: &Path) -> io::Result<File> {
        // A pipe would be waited for.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        if self.root == Path::new("/") {
            return OpenOptions::new().read(true).custom_flags(flags.bits()).open(path);
        }
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_IN_ROOT);
        Ok(File::from(openat2(File::open(&self.root)?, below, how)?))
    }
}

/// Why libpam lets nobody in, or what it does is not known.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// It has no file, and there is no `other`.
    #[error("no service {0}: there is no /etc/pam.d/{0}, and none in /usr/lib/pam.d")]
    Unknown(String),
    /// A file cannot be read.
    #[error("cannot read {}: {why}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// libpam gives up on the service, and denies.
    #[error("{place}: {why}, so libpam lets nobody in; mend that first")]
    Broken {
        /// Where.
        place: Place,
        /// Why.
        why: String,
    },
    /// libpam goes on with what it has not set (Debian's `@include` in a file that an auth line takes in), or one release of it does
    /// another thing than the next.
    #[error("{place}: {why}, and not every libpam does the same then; mend that first")]
    Undefined {
        /// Where.
        place: Place,
        /// Why.
        why: String,
    },
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file, below the host's root.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What libpam does at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Calls a module.
    Module {
        /// As it is written.
        path: String,
        /// Its options.
        options: Vec<String>,
    },
    /// Nothing: the lines of this file follow, one level deeper.
    Substack(String),
    /// Fails with PAM_PERM_DENIED, since the line cannot be understood.
    Fails(String),
}

/// A line of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands.
    pub place: Place,
    /// What is done at it.
    pub what: What,
    pub(super) level: usize,
    pub(crate) control: Control,
}

/// The auth lines of a service, in the order in which libpam goes through them.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The lines.
    pub lines: Vec<Line>,
    /// The service's own file; none where it has none.
    pub file: Option<PathBuf>,
    /// Whether the lines are those of `other`, since the service has none.
    pub is_other: bool,
}

impl Stack {
    /// Collects them.
    ///
    /// # Errors
    /// Where libpam denies whatever the modules say, or cannot be followed.
    pub fn read(host: &Host, service: &str) -> Result<Self, Unreadable> {
        let own = host.open(service, &FOLDERS)?;
        let file = own.as_ref().map(|(path, _)| path.clone());
        let lines = own.map(|(path, bytes)| lines_of(host, &path, &bytes)).transpose()?.unwrap_or_default();
        // libpam reads it also where it needs none of it, and gives up where it cannot.
        let other = host.open(OTHER, &FOLDERS)?;
        let has_other = other.is_some();
        let others = other.map(|(path, bytes)| lines_of(host, &path, &bytes)).transpose()?.unwrap_or_default();
        if file.is_none() && !has_other {
            return Err(Unreadable::Unknown(service.to_owned()));
        }
        let is_other = lines.is_empty();
        Ok(Self { lines: if is_other { others } else { lines }, file, is_other })
    }
}

fn lines_of(host: &Host, path: &Path, bytes: &[u8]) -> Result<Vec<Line>, Unreadable> {
    let mut reader = Reader { host, lines: Vec::new() };
    let end = reader.file(path, bytes, At { wanted: Wanted::All, level: 0, depth: 0 })?;
    match end {
        None => Ok(reader.lines),
        Some((place, why)) => Err(Unreadable::Broken { place, why }),
    }
}

/// Which lines of a file count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// All types; those that are not auth are left out.
    All,
    /// Taken in by an auth line.
    Auth,
}

#[derive(Debug, Clone, Copy)]
struct At {
    wanted: Wanted,
    level: usize,
    depth: usize,
}

/// Where libpam stopped to read a file, and why; none where it came to its end.
type End = Option<(Place, String)>;

struct Reader<'a> {
    host: &'a Host,
    lines: Vec<Line>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, bytes: &[u8], at: At) -> Result<End, Unreadable> {
        let shown =
            path.strip_prefix(&self.host.root).map_or_else(|_| path.to_owned(), |below| Path::new("/").join(below));
        let (lines, broken) = line::lines(bytes);
        let mut last = 1;
        for whole in lines {
            let place = Place { file: shown.clone(), line: whole.number };
            last = whole.number;
            if let Some(why) = self.line(&place, &whole.text, at)? {
                return Ok(Some((place, why)));
            }
        }
        let Some(broken) = broken else { return Ok(None) };
        let (line, why) = match broken {
            Broken::Unfinished => {
                let why = String::from("the last line ends in a backslash");
                return Ok(Some((Place { file: shown, line: last }, why)));
            }
            Broken::Unreadable(line) => (line, "the line is over 1,000 bytes long or has a NUL in it"),
            Broken::Ambiguous(line) => (line, "a comment or an empty line stands in a line that is continued"),
        };
        Err(Unreadable::Undefined { place: Place { file: shown, line }, why: String::from(why) })
    }

    /// One line; why libpam gives up on the whole file at it.
    fn line(&mut self, place: &Place, text: &[u8], at: At) -> Result<Option<String>, Unreadable> {
        let Some((kind, rest)) = line::word(text) else { return Ok(None) };
        let kind = String::from_utf8_lossy(kind.strip_prefix(b"-").unwrap_or(&kind)).to_ascii_lowercase();
        let is_auth = match kind.as_str() {
            "auth" => None,
            "account" | "session" | "password" => return Ok(None),
            "@include" if self.host.dialect == Dialect::Debian => {
                let name = line::word(rest).map(|(name, _)| name);
                return self.take_in(place, name, Head::At, at);
            }
            // "most sensitive", says libpam, and takes it for auth.
            _ => Some(format!("`{kind}` is no type of line")),
        };
        let Some((control, rest)) = line::word(rest) else {
            self.add(place, What::Fails(String::from("the line has no control")), Control::bad(), at.level);
            return Ok(None);
        };
        let at = At { wanted: Wanted::Auth, ..at };
        let module = line::word(rest);
        match control.to_ascii_lowercase().as_slice() {
            b"include" => return self.take_in(place, module.map(|(name, _)| name), Head::Plain, at),
            b"substack" => return self.take_in(place, module.map(|(name, _)| name), Head::Substack, at),
            _ => {}
        }
        let control = Control::parse(&control);
        let Some((path, options)) = module else {
            self.add(place, What::Fails(String::from("the line names no module")), control, at.level);
            return Ok(None);
        };
        let path = String::from_utf8_lossy(&path).into_owned();
        if !is_name(&path) {
            return Ok(Some(format!("`{path}` is no name of a module")));
        }
        let what = match is_auth {
            Some(why) => What::Fails(why),
            None => What::Module { path, options: line::words(options) },
        };
        self.add(place, what, control, at.level);
        Ok(None)
    }

    /// The lines of another file.
    fn take_in(
        &mut self,
        place: &Place,
        name: Option<Vec<u8>>,
        head: Head,
        at: At,
    ) -> Result<Option<String>, Unreadable> {
        let Some(name) = name.map(|name| String::from_utf8_lossy(&name).into_owned()) else {
            // Debian's libpam looks at the first letter of what is not there.
            return Ok(Some(String::from("the line names no file")));
        };
        let mut inner = At { depth: at.depth.saturating_add(1), ..at };
        if head == Head::Substack {
            if !is_name(&name) {
                return Ok(Some(format!("`{name}` is no name of a substack")));
            }
            self.add(place, What::Substack(name.clone()), Control::bad(), at.level);
            inner.level = at.level.saturating_add(1);
        }
        if inner.depth > DEEPEST {
            return Err(Unreadable::Broken {
                place: place.clone(),
                why: String::from("files take in each other without an end, or too deep"),
            });
        }
        let folders = self.host.folders_of_includes();
        let found = if inner.level < MOST_LEVELS { self.host.open(&name, folders)? } else { None };
        let why = match found {
            None => format!("there is no file {name} to take in"),
            Some((path, bytes)) => match self.file(&path, &bytes, inner)? {
                None => return Ok(None),
                Some((place, why)) => format!("{place}: {why}"),
            },
        };
        if at.wanted == Wanted::All {
            // A line of no type at all, which libpam cannot add.
            return Ok(Some(why));
        }
        if head == Head::At {
            return Err(Unreadable::Undefined { place: place.clone(), why });
        }
        self.add(place, What::Fails(why), Control::bad(), at.level);
        Ok(None)
    }

    fn add(&mut self, place: &Place, what: What, control: Control, level: usize) {
        self.lines.push(Line { place: place.clone(), what, level, control });
    }
}

/// How another file is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// `@include`
    At,
    /// `include`
    Plain,
    /// `substack`, which stands in the list itself.
    Substack,
}

/// Whether libpam finds a module's name in a path (`extract_modulename`).
fn is_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.rfind('.').and_then(|dot| name.get(..dot)).unwrap_or(name);
    !name.is_empty() && name != "?"
}
