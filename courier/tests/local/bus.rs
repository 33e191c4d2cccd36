//! A message bus of the test's own, with a mock of ModemManager on it (`modemmanager.py`).

use super::put;
use crate::common::daemon::Folder;
use e2e::wait;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A bus, for as long as this is kept, and whoever is on it.
pub(crate) struct Bus {
    pub(crate) address: String,
    log: PathBuf,
    processes: Vec<Child>,
}

impl Drop for Bus {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Bus {
    /// A bus that everybody may use, without anybody on it.
    pub(crate) fn start(folder: &Folder) -> Self {
        let (socket, settings) = (folder.0.join("bus"), folder.0.join("bus.conf"));
        let address = format!("unix:path={}", socket.display());
        put(
            &settings,
            &format!(
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
                 \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
                 <busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>\
                 <policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/>\
                 <allow eavesdrop=\"true\"/></policy></busconfig>\n"
            ),
            0o644,
        );
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg("--nofork").arg("--nopidfile").arg("--config-file").arg(&settings).stdin(Stdio::null());
        daemon.stderr(File::create(folder.0.join("bus.log")).unwrap());
        let processes = vec![daemon.spawn().unwrap()];
        wait::until("the message bus", || std::os::unix::net::UnixStream::connect(&socket).ok());
        Self { address, log: folder.0.join("modemmanager.log"), processes }
    }

    /// ModemManager comes, or comes again, with these parameters of the template.
    pub(crate) fn with_modem_manager(&mut self, parameters: &str) {
        while self.processes.len() > 1 {
            let mut before = self.processes.pop().unwrap();
            before.kill().unwrap();
            before.wait().unwrap();
        }
        let _ = std::fs::remove_file(&self.log);
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local/modemmanager.py");
        let mut mock = Command::new("/usr/bin/python3");
        mock.args(["-m", "dbusmock", "--session", "--template", template, "--parameters", parameters, "--logfile"]);
        mock.arg(&self.log).env("DBUS_SESSION_BUS_ADDRESS", &self.address).env("PYTHONDONTWRITEBYTECODE", "1");
        self.processes.push(mock.stdin(Stdio::null()).spawn().unwrap());
        self.until_logged("ready");
    }

    /// All that was called, a line for each: `1795521600.123 Create {"number": …}`.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn until_logged(&self, words: &str) {
        wait::until(words, || self.log().contains(words).then_some(()));
    }
}
