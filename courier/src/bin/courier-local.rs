//! courier-local's process; everything it does is in the library. What is linked with it and not with the courier is the D-Bus
//! code and whatever starts programs.

#![forbid(unsafe_code)]

use courier::carry::Carrier;
use courier::clock::SystemClock;
use courier::local::Local;
use courier::role::LOCAL;
use courier::start::{Parts, StartError, main as run};
use std::process::ExitCode;

fn main() -> ExitCode {
    run(&LOCAL, |parts| Ok::<_, StartError>(carrier(parts)))
}

fn carrier(Parts { args, shelf, owners }: Parts) -> Carrier<Local> {
    Carrier::without_mail(Local::new(shelf, owners, args.bus, Box::new(SystemClock)))
}
