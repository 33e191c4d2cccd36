//! What `status` says of files that were changed under a running daemon.

use super::*;
use crate::server::admin::stage::alone;
use pam_2fa_protocol::admin::State as Word;
use std::fs::{Permissions, remove_file, rename, set_permissions, write};
use std::os::unix::fs::PermissionsExt;

async fn problems(daemon: &Daemon) -> String {
    let status = status(daemon).await.status;
    assert_eq!(status.state == Word::Running, status.problems.is_empty(), "{:?}", status.problems);
    // No courier runs here.
    let found = status.unhealthy.iter().filter(|problem| problem.kind != "courier");
    found.map(|problem| problem.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// As root, whose file the settings must be; for anybody else they are refused all the time.
#[tokio::test]
async fn what_a_reload_refused_and_what_the_next_start_would_deny_for_are_problems_until_they_are_mended() {
    let (folder, daemon) = alone("", |_| ()).await;
    let config = folder.path().join("config.toml");
    let settings = |text: &str, mode| {
        write(&config, text).unwrap();
        set_permissions(&config, Permissions::from_mode(mode)).unwrap();
    };
    if !nix::unistd::geteuid().is_root() {
        let said = problems(&daemon).await;
        assert!(said.contains("sealed at its next start") && said.contains("its owner is"), "{said}");
        return;
    }
    assert_eq!(problems(&daemon).await, "");
    settings("[policy]\nrequierd = \"mandatory\"\n", 0o640);
    assert!(reload(&daemon).await.is_err());
    let said = problems(&daemon).await;
    assert!(said.contains("a reload was refused") && said.contains("requierd"), "{said}");
    settings("", 0o640);
    assert!(problems(&daemon).await.contains("a reload was refused"), "nothing is taken over yet");
    assert!(reload(&daemon).await.is_ok());
    assert_eq!(problems(&daemon).await, "");
    // Also where nobody has asked for a reload, and once where somebody has.
    for asked in [false, true] {
        settings("", 0o666);
        assert!(!asked || reload(&daemon).await.is_err());
        let said = problems(&daemon).await;
        assert!(said.contains("sealed at its next start") && said.contains("mode 0666"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        remove_file(&config).unwrap();
        assert!(!asked || reload(&daemon).await.is_err());
        let said = problems(&daemon).await;
        assert!(said.contains("sealed at its next start") && said.contains("there is no such file"), "{said}");
        settings("", 0o640);
        assert!(reload(&daemon).await.is_ok());
        assert_eq!(problems(&daemon).await, "");
    }
    let (key, away) = (folder.path().join("key"), folder.path().join("away"));
    rename(&key, &away).unwrap();
    let said = problems(&daemon).await;
    assert!(said.contains("could not open again") && said.contains("pam-2fa key import"), "{said}");
    rename(&away, &key).unwrap();
    assert_eq!(problems(&daemon).await, "");
}
