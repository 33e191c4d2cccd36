//! The `pam-2fa` command: an administrator's words to configd over `admin.sock`, and its answers on a screen.
//!
//! It decides nothing; the files that it writes are `config.toml`, in `config set`, `config edit`, `config seal`, `secret set` and
//! `key rotate`, what a backup has of the settings, in `restore`, `generation` beside them, `break-glass`, copies under a passphrase, the
//! key's credential, drop-ins of sshd's, in `exempt` and `enable`, and files of pam.d, in `enable` and `disable`. Everything that it shows goes through
//! `screen.rs`, everything that it asks configd through `client.rs`.

#![forbid(unsafe_code)]

mod account;
mod args;
mod backup;
mod break_glass;
mod client;
mod clock;
mod config;
mod device;
mod diff;
pub mod doctor;
pub mod enable;
mod envelope;
mod error;
mod exempt;
mod explain;
mod generation;
mod import;
mod invoker;
mod key;
mod lock;
mod log;
mod mailbox;
mod me;
mod message;
mod outfile;
mod passphrase;
mod program;
mod provider;
mod public_key;
mod screen;
mod secret;
mod setup;
mod since;
mod status;
mod upkeep;
mod user;

pub use args::definition;
pub use mailbox::{Host, Route, Server, Surroundings};
pub use screen::Terminal;

use args::{
    Args, ClockVerb, ConfigVerb, DeviceVerb, ExemptArgs, KeyFile, KeyVerb, ProviderVerb, SecretVerb, TestVerb,
    UserVerb, Verb,
};
use client::Client;
use error::Error;
use mailbox::ThisHost;
use pam_2fa_protocol::admin::Explain;
use passphrase::Source;
use screen::Screen;
use std::ffi::OsString;
use std::path::Path;

/// Runs one command line and returns its exit status: 0 done, 1 refused or not found (or, of `status --check`, unhealthy), 2 wrong
/// usage, 3 the daemon cannot be reached.
pub fn run(args: impl IntoIterator<Item = OsString>, terminal: Terminal<'_>) -> u8 {
    run_in(args, terminal, &ThisHost)
}

/// The same, with the host and the DNS handed in.
pub fn run_in(args: impl IntoIterator<Item = OsString>, terminal: Terminal<'_>, around: &dyn Surroundings) -> u8 {
    let mut screen = Screen::new(terminal);
    let result = args::parse(args).and_then(|args| {
        screen.set_form(args.form());
        dispatch(args, &mut screen, around)
    });
    match result {
        Ok(()) => 0,
        Err(error) => {
            // Where not even this can be written, the exit status is all that is left to say it.
            let _ = screen.fail(&error);
            error.status()
        }
    }
}

fn dispatch(args: Args, screen: &mut Screen<'_>, around: &dyn Surroundings) -> Result<(), Error> {
    // `config check` and `provider check` need neither root nor the daemon, and `me` is for everyone.
    let is_for_all = matches!(
        args.verb,
        Verb::Config(ConfigVerb::Check { .. }) | Verb::Provider(ProviderVerb::Check { .. }) | Verb::Me { .. }
    );
    // `status` is for the members of a group, too, who are told less.
    let is_root = nix::unistd::geteuid().is_root();
    let is_for_all = is_for_all || (!is_root && matches!(args.verb, Verb::Status(_)));
    if !is_for_all && !is_root {
        return Err(Error::NotRoot);
    }
    let (runtime_dir, config) = (args.runtime_dir.clone(), args.config.clone());
    let changes = may_change(&args.verb);
    // `doctor` changes nothing.
    let says_itself = matches!(args.verb, Verb::BreakGlass(_) | Verb::Doctor(_));
    act(args, screen, around)?;
    let place = break_glass::Place { config: &config, runtime_dir: &runtime_dir };
    if !is_for_all && !says_itself {
        break_glass::say(break_glass::write_down(&place), screen)?;
    }
    if changes {
        generation::keep_after(&runtime_dir, &config, screen)?;
    }
    Ok(())
}

/// Whether the store may count more after it: that is kept beside the settings then.
fn may_change(verb: &Verb) -> bool {
    match verb {
        Verb::User(verb) => !matches!(verb, UserVerb::List | UserVerb::Show { .. } | UserVerb::Export),
        Verb::Device(verb) => matches!(verb, DeviceVerb::Revoke(_)),
        Verb::Config(verb) => !matches!(verb, ConfigVerb::Check { .. } | ConfigVerb::Show { .. }),
        Verb::Secret(verb) => matches!(verb, SecretVerb::Set { .. }),
        Verb::Clock(verb) => matches!(verb, ClockVerb::Reset),
        Verb::Key(verb) => !matches!(verb, KeyVerb::Status),
        Verb::Backup(_) | Verb::Restore(_) | Verb::Setup => true,
        // `status` knows it anyway; users cannot write there; `break-glass` may do without configd, and keeps it where it did not.
        Verb::BreakGlass(_)
        | Verb::Provider(_)
        | Verb::Status(_)
        | Verb::Doctor(_)
        | Verb::Test(_)
        | Verb::Explain { .. }
        | Verb::Log(_)
        | Verb::Me { .. }
        | Verb::Enable(_)
        | Verb::Disable(_)
        | Verb::Confirm(_)
        | Verb::Exempt(_) => false,
    }
}

fn act(args: Args, screen: &mut Screen<'_>, around: &dyn Surroundings) -> Result<(), Error> {
    let client = || Client::connect(&args.runtime_dir);
    match args.verb {
        Verb::User(UserVerb::List) => user::list(&mut client()?, screen),
        Verb::User(UserVerb::Show { user }) => user::show(&mut client()?, user, screen),
        Verb::User(UserVerb::Set { user, changes }) => user::set(&mut client()?, user, changes, around, screen),
        Verb::User(UserVerb::Invite { user }) => account::invite(&mut client()?, user, screen),
        Verb::User(UserVerb::Grant { user, granted }) => account::grant(&mut client()?, user, granted, screen),
        Verb::User(UserVerb::Unlock { user }) => account::unlock(&mut client()?, user, screen),
        Verb::User(UserVerb::Disable { user }) => account::disable(&mut client()?, user, screen),
        Verb::User(UserVerb::Reset { user }) => account::reset(&mut client()?, user, screen),
        Verb::User(UserVerb::Import(imported)) => import::import(client, &imported, screen),
        Verb::User(UserVerb::Export) => import::export(&mut client()?, screen),
        Verb::User(UserVerb::Verify { user, channel }) => user::verify(client, user, channel, around, screen),
        Verb::Device(DeviceVerb::List { user }) => device::list(&mut client()?, user, screen),
        Verb::Device(DeviceVerb::Revoke(doomed)) => device::revoke(&mut client()?, doomed, screen),
        Verb::Setup => setup::setup(&args.config, &args.runtime_dir, screen),
        Verb::Test(TestVerb::Email { address }) => message::test_email(&mut client()?, address.as_str(), screen),
        Verb::Test(TestVerb::Sms { number, by }) => message::test_sms(&mut client()?, number.as_str(), by, screen),
        Verb::Provider(verb) => provider::provider(&args.config, verb, screen),
        Verb::Config(verb) => config::config(&args.config, &args.runtime_dir, verb, screen),
        Verb::Secret(verb) => secret::secret(&args.config, &args.runtime_dir, verb, screen),
        Verb::Explain { user, service, from, key, tty } => {
            let auth_info = key.as_deref().map(public_key::auth_info).transpose()?;
            let asked = Explain { user, service, from: from.map(|address| address.to_string()), tty, auth_info };
            explain::explain(&mut client()?, &asked, screen)
        }
        Verb::Exempt(ExemptArgs { sshd, sshd_config, verb }) => {
            let place = exempt::Place { sshd: sshd.as_deref(), config: &sshd_config, runtime_dir: &args.runtime_dir };
            exempt::exempt(&place, verb, screen)
        }
        Verb::Enable(asked) => enable::enable((&args.runtime_dir, &args.config), &asked, screen),
        Verb::Disable(asked) => enable::disable(&args.runtime_dir, &asked, screen),
        Verb::Confirm(asked) => enable::confirm(client, &asked, screen),
        Verb::BreakGlass(verb) => {
            let place = break_glass::Place { config: &args.config, runtime_dir: &args.runtime_dir };
            break_glass::break_glass(&place, verb, screen)
        }
        Verb::Log(wanted) => log::log(client, wanted, screen),
        Verb::Me { verb } => me::me(&args.runtime_dir, verb, screen),
        Verb::Doctor(asked) => doctor::doctor((&args.runtime_dir, &args.config), &asked, around, screen),
        Verb::Status(wanted) => status::status((&args.runtime_dir, &args.config), &wanted, screen),
        Verb::Clock(ClockVerb::Status) => upkeep::clock_status(&mut client()?, screen),
        Verb::Clock(ClockVerb::Reset) => upkeep::clock_reset(&mut client()?, screen),
        Verb::Key(verb) => of_key(&args.runtime_dir, &args.config, verb, screen),
        Verb::Backup(asked) => {
            let source = Source::of(asked.passphrase_file.as_deref());
            backup::backup((&args.runtime_dir, &args.config), &asked.file, &source, asked.with_key, screen)
        }
        Verb::Restore(asked) => {
            let Some(file) = &asked.file else {
                return upkeep::restore_accept(&mut client()?, asked.keep_recovery, screen);
            };
            let source = Source::of(asked.passphrase_file.as_deref());
            let wanted = backup::Wanted { accept: asked.accept, keep_recovery: asked.keep_recovery };
            backup::restore((&args.runtime_dir, &args.config), file, &source, wanted, screen)
        }
    }
}

fn of_key(runtime_dir: &Path, config: &Path, verb: KeyVerb, screen: &mut Screen<'_>) -> Result<(), Error> {
    let source = |copy: &KeyFile| Source::of(copy.passphrase_file.as_deref());
    match verb {
        KeyVerb::Status => key::status(runtime_dir, screen),
        KeyVerb::Rotate => key::rotate(runtime_dir, config, screen),
        KeyVerb::Export(copy) => key::export(runtime_dir, &copy.file, &source(&copy), screen),
        KeyVerb::Import(copy) => key::import(runtime_dir, &copy.file, &source(&copy), screen),
        KeyVerb::ToCredential(asked) => key::to_credential(runtime_dir, &asked, screen),
        KeyVerb::ToFile => key::to_file(runtime_dir, screen),
    }
}
