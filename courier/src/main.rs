//! The courier's process; everything it does is in the library.

#![forbid(unsafe_code)]

use courier::carry::Carrier;
use courier::clock::SystemClock;
use courier::email::Email;
use courier::email::resolve::System;
use courier::email::tls::Trust;
use courier::role::COURIER;
use courier::sms::Sms;
use courier::sms::relay::Relay;
use courier::start::{Parts, StartError, main as run};
use std::process::ExitCode;

fn main() -> ExitCode {
    run(&COURIER, carrier)
}

fn carrier(Parts { args, shelf, .. }: Parts) -> Result<Carrier<Sms>, StartError> {
    tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| StartError::Provider)?;
    let email = Email::new(Box::new(SystemClock), Box::new(System), Trust::default());
    let sms = Sms::new(shelf, Box::new(SystemClock), Box::new(System), Trust::default());
    Ok(Carrier::new(email, sms.with_relay(Relay::new(&args.runtime_dir))))
}
