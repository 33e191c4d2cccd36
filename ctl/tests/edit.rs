//! `config edit` as an administrator meets it: a real editor's process, what is asked when its text is wrong, and what becomes of the file.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::{metadata, read_dir, read_to_string, set_permissions, write};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const OLD: &str = "# Ours.\n[codes]\ndigits = 6   # six\n";

/// An editor that writes one text after the other into what it is given.
struct Editor {
    folder: TempDir,
}

impl Editor {
    fn writing(texts: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        for (index, text) in texts.iter().enumerate() {
            write(folder.path().join(format!("text{}", index + 1)), text).unwrap();
        }
        let script = format!(
            "cd {}\necho \"$1\" >> given\nstat -c '%a %u' \"$1\" >> modes\nn=$(wc -l < given)\n\
             [ -e ./hook ] && . ./hook\n[ -e \"text$n\" ] || exit 0\ncat \"text$n\" > \"$1\"\n",
            folder.path().display()
        );
        write(folder.path().join("editor"), script).unwrap();
        Self { folder }
    }

    /// What it does besides.
    fn also(self, script: &str) -> Self {
        write(self.folder.path().join("hook"), script).unwrap();
        self
    }

    fn wrote(&self, name: &str) -> String {
        read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn begin(&self, daemon: &Daemon, typed: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"));
        command
            .args(["config", "edit", "--runtime-dir"])
            .arg(daemon.runtime_dir())
            .arg("--config")
            .arg(daemon.config());
        command.env_remove("SUDO_EDITOR").env("VISUAL", format!("sh {}", self.folder.path().join("editor").display()));
        command.env("EDITOR", "false").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        child
    }

    /// All that an administrator sees, who types that.
    fn run(&self, daemon: &Daemon, typed: &str) -> String {
        let output = self.begin(daemon, typed).wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(daemon.runtime_dir().to_str().unwrap(), "DIR");
        format!("{}---\n{}=== {}", text(output.stdout), text(output.stderr), output.status.code().unwrap())
    }
}

/// Seals and takes everything over.
fn taking() -> Daemon {
    let daemon = Daemon::start(|method, parameters: &Value| {
        let key = parameters["key"].as_str().unwrap_or_default().to_owned();
        vec![Reply::Done(match method {
            admin::SEAL => json!({"sealed": format!("sealed:v1:00112233:{key}")}),
            _ => json!({"generation": 4}),
        })]
    });
    daemon.write_config(OLD);
    daemon
}

#[test]
fn what_was_edited_is_taken_over_with_its_secrets_sealed_and_owner_and_mode_kept() {
    needs_root!();
    let daemon = taking();
    chown(daemon.config(), None, Some(65_534)).unwrap();
    let mail = "[email]\nserver = \"m.example.com\"\nfrom = \"a@example.com\"\npassword = \"hunter2\"\n";
    let text = format!("{}{mail}", OLD.replace("6 ", "8 "));
    let editor = Editor::writing(&[&text]);
    assert_snapshot!(editor.run(&daemon, ""), @r"
    DIR/config.toml: sealed email.password
    the settings are taken over, generation 4
    ---
    === 0
    ");
    assert_eq!(daemon.read_config(), text.replace("hunter2", "sealed:v1:00112233:email.password"));
    let about = metadata(daemon.config()).unwrap();
    assert_eq!((about.uid(), about.gid(), about.mode() & 0o7777), (0, 65_534, 0o640));
    assert_eq!(
        editor.wrote("given").replace(daemon.runtime_dir().to_str().unwrap(), "DIR"),
        "DIR/.pam-2fa-edit.config.toml\n"
    );
    assert_eq!(editor.wrote("modes"), "600 0\n", "root's alone, in the same folder");
    assert_eq!(daemon.files(), ["config.toml"], "nothing is left");
}

#[test]
fn a_text_that_is_not_changed_or_an_editor_that_fails_changes_nothing() {
    needs_root!();
    let daemon = taking();
    assert_snapshot!(Editor::writing(&[]).run(&daemon, ""), @r"
    DIR/config.toml: unchanged
    ---
    === 0
    ");
    let shown = Editor::writing(&["[codes]\ndigits = 8\n"]).also("cat text1 > \"$1\"; exit 3").run(&daemon, "");
    assert!(shown.contains("the editor ended with an error (exit status: 3), so its text is not taken"), "{shown}");
    assert!(shown.ends_with("=== 1"), "{shown}");
    assert_eq!((daemon.read_config().as_str(), daemon.calls()), (OLD, vec![]));
    assert_eq!(daemon.files(), ["config.toml"]);
}

#[test]
fn a_wrong_text_is_listed_and_edited_again_until_it_is_right() {
    needs_root!();
    let daemon = taking();
    let editor = Editor::writing(&["[codes]\ndigits = 5\ndigit = 6\n", "", "[codes]\ndigits = 7\n"]);
    assert_snapshot!(editor.run(&daemon, "?\ne\n e \n"), @r"
    DIR/config.toml:2:10: codes.digits: 5 is not between 6 and 8 (SP 800-63B-4 §3.1.3.2 asks for at least 6; more than 8 are mistyped)
    DIR/config.toml:3:1: codes.digit: there is no such key; the nearest is codes.digits
    DIR/config.toml: is empty, and that would switch everything off; an editor that found no space leaves such a file
    the settings are taken over, generation 4
    ---
    What now? (e)dit again, e(x)it without saving, (Q)uit and keep the text beside: e: edit again; x: exit, and nothing is changed; Q: quit, and the text is kept in a file beside. It is not installed: what is wrong here, configd refuses, too
    What now? (e)dit again, e(x)it without saving, (Q)uit and keep the text beside: What now? (e)dit again, e(x)it without saving, (Q)uit and keep the text beside: === 0
    ");
    assert_eq!(daemon.read_config(), "[codes]\ndigits = 7\n");
    assert_eq!((daemon.calls(), daemon.files()), (vec![String::from("Reload {}")], vec![String::from("config.toml")]));
}

#[test]
fn whatever_is_answered_a_wrong_text_is_never_installed() {
    needs_root!();
    let wrong = "[codes]\ndigits = 5\n";
    for (typed, kept) in [("x\n", false), ("", false), ("Q\n", true), ("q\nX\nQ", true)] {
        let daemon = taking();
        let shown = Editor::writing(&[wrong]).run(&daemon, typed);
        assert!(shown.contains("DIR/config.toml: nothing was changed") && shown.ends_with("=== 1"), "{shown}");
        assert_eq!((daemon.read_config().as_str(), daemon.calls()), (OLD, vec![]));
        let files = if kept { vec!["config.toml", "config.toml.draft"] } else { vec!["config.toml"] };
        assert_eq!(daemon.files(), files, "{typed:?}");
        if kept {
            let draft = daemon.runtime_dir().join("config.toml.draft");
            assert_eq!(read_to_string(&draft).unwrap(), wrong);
            assert_eq!(metadata(&draft).unwrap().permissions().mode() & 0o7777, 0o600);
            // A second one does not take its place.
            assert!(Editor::writing(&["x"]).run(&daemon, "Q\n").contains("DIR/config.toml.draft.2"));
            assert_eq!(read_to_string(&draft).unwrap(), wrong);
        }
    }
}

#[test]
fn what_configd_refuses_is_taken_back_and_can_be_edited_again() {
    needs_root!();
    let daemon = Daemon::absent();
    let config = daemon.config();
    let refusing = Daemon::start(move |_, _| {
        let text = read_to_string(&config).unwrap();
        vec![match text.contains("digits = 8") {
            true => Reply::Error(admin::REFUSED, json!({"reasons": ["config.toml: no eight here"]})),
            false => Reply::Done(json!({"generation": 5})),
        }]
    });
    daemon.write_config(OLD);
    let editor = Editor::writing(&["[codes]\ndigits = 8\n", "[codes]\ndigits = 7\n"]);
    // The socket is the other's, the settings are this one's.
    std::os::unix::fs::symlink(refusing.runtime_dir().join("admin.sock"), daemon.runtime_dir().join("admin.sock"))
        .unwrap();
    let shown = editor.run(&daemon, "e\n");
    assert!(
        shown.contains("configd refused the new settings; the old file is back\npam-2fa: config.toml: no eight here"),
        "{shown}"
    );
    assert!(shown.starts_with("the settings are taken over, generation 5\n") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(daemon.read_config(), "[codes]\ndigits = 7\n");
    daemon.write_config(OLD);
    let shown = Editor::writing(&["[codes]\ndigits = 8\n"]).run(&daemon, "x\n");
    assert!(shown.ends_with("DIR/config.toml: nothing was changed\n=== 1"), "{shown}");
    assert_eq!((daemon.read_config().as_str(), daemon.files()), (OLD, vec![String::from("config.toml")]));
}

#[test]
fn two_do_not_edit_at_once_and_another_command_meanwhile_is_neither_held_up_nor_lost() {
    needs_root!();
    let daemon = taking();
    let editor = Editor::writing(&["[codes]\ndigits = 7\n"]).also("[ -p gate ] && cat gate > /dev/null");
    nix::unistd::mkfifo(&editor.folder.path().join("gate"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut first = editor.begin(&daemon, "");
    // The editor reads from the gate once it is open on the other side: then the first is at work.
    let mut gate = std::fs::File::options().write(true).open(editor.folder.path().join("gate")).unwrap();
    let shown = Editor::writing(&["x"]).run(&daemon, "");
    assert!(shown.contains("another `pam-2fa config edit` is at work; wait for its end\n=== 1"), "{shown}");
    assert!(daemon.run(&["config", "set", "codes.echo", "false"]).ends_with("=== 0"));
    let with_echo = daemon.read_config();
    gate.write_all(b"go on\n").unwrap();
    drop(gate);
    let status = first.wait().unwrap();
    assert_eq!(status.code(), Some(1), "it would have undone the other's change");
    assert_eq!(daemon.read_config(), with_echo);
    assert_eq!(daemon.files(), ["config.toml", "config.toml.draft"], "and what was typed is not lost");
}

#[test]
fn what_a_killed_run_has_left_does_not_stop_the_next_and_is_taken_away() {
    needs_root!();
    let daemon = taking();
    for left in [".pam-2fa-edit.config.toml", ".config.toml.pam-2fa-edit.lock"] {
        write(daemon.runtime_dir().join(left), "left").unwrap();
    }
    assert!(Editor::writing(&["[codes]\ndigits = 7\n"]).run(&daemon, "").ends_with("=== 0"));
    assert_eq!(
        (daemon.read_config().as_str(), daemon.files()),
        ("[codes]\ndigits = 7\n", vec![String::from("config.toml")])
    );
}

#[test]
fn without_configd_or_with_a_sealed_one_the_file_is_edited_and_plain_secrets_are_named() {
    needs_root!();
    let text = "[email]\nserver = \"m.example.com\"\nfrom = \"a@example.com\"\npassword = \"hunter2\"\n";
    let absent = Daemon::absent();
    absent.write_config(OLD);
    assert_snapshot!(Editor::writing(&[text]).run(&absent, ""), @r"
    DIR/config.toml: changed, not yet taken over: run `pam-2fa config reload`
    DIR/config.toml: 1 secret in plain text: run `pam-2fa config seal`
    ---
    pam-2fa: configd cannot be reached at DIR/admin.sock: No such file or directory (os error 2); start it with `systemctl start pam-2fa-configd`
    === 3
    ");
    assert_eq!(absent.read_config(), text);
    // The edit mends what it was sealed for.
    let open = std::sync::atomic::AtomicBool::new(false);
    let sealed = Daemon::start(move |method, _| {
        use std::sync::atomic::Ordering::Relaxed;
        vec![match method {
            admin::SEAL if !open.load(Relaxed) => Reply::Error(admin::SEALED, json!({"reason": "config.toml: wrong"})),
            admin::SEAL => Reply::Done(json!({"sealed": "sealed:v1:00112233:x"})),
            _ => {
                open.store(true, Relaxed);
                Reply::Done(json!({"generation": 5}))
            }
        }]
    });
    sealed.write_config("[codes]\ndigits = 5\n");
    let shown = Editor::writing(&[text]).run(&sealed, "");
    assert!(shown.contains("DIR/config.toml: sealed email.password\n") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(sealed.read_config(), text.replace("hunter2", "sealed:v1:00112233:x"));
}

#[test]
fn an_editor_that_is_not_there_is_named_and_a_file_that_others_may_write_is_not_edited() {
    needs_root!();
    let daemon = taking();
    let run = |editor: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"));
        command.args(["config", "edit", "--config"]).arg(daemon.config());
        command.env("SUDO_EDITOR", editor).stdin(Stdio::null());
        let output = command.output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run("/nowhere/ed --wait").contains("cannot run the editor /nowhere/ed: "));
    set_permissions(daemon.config(), PermissionsExt::from_mode(0o660)).unwrap();
    assert!(run("true").contains("can be written by its group"));
    let left: Vec<PathBuf> = read_dir(daemon.runtime_dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
