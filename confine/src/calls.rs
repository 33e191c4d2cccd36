//! Which system calls: filters of our own (seccomp), for every thread, behind the unit's.
//!
//! A list of what is refused, and not one of what is allowed. In configd any module of NSS may run that an administrator has installed
//! (SSSD's, winbind's, systemd's, one that nobody here has heard of), in the courier whatever glibc asks a name server by, in both what the
//! next glibc does instead of what this one does. A list of what these need would be wrong one day, and wrong here means that nobody logs
//! in. The unit has a list of what is allowed (`@system-service`, as systemd keeps it up), whose extent an administrator can see and
//! change; this one takes out what no such code has any business with, also where there is no unit:
//!
//! * other programs and processes (`execve`, `fork`, `ptrace`), code in memory that can be written, modules, other kernels, BPF,
//!   `userfaultfd`: what is done with a hole and by nobody else. The first of these ends the process, so that it is seen in the journal,
//!   and is started anew without the hole's work; where a library may try it and take a no for an answer, it is told no;
//! * mounts, namespaces, other users, the clock, keys of the kernel, `io_uring`, the kernel's own measuring (`EPERM`);
//! * sockets of other families than the daemon's (`EAFNOSUPPORT`, as the unit says it), and a name for one (`bind`): they have theirs;
//! * `clone3`, whose flags no filter can see (`ENOSYS`; glibc takes `clone` then, whose flags are looked at).
//!
//! courier-local's programs inherit it, so that theirs is short: what needs root, or debugs, or holes.
//!
//! Must never name a call by its bare number, and never one of another architecture without saying so: x86_64 and aarch64 are meant alike.

use crate::Daemon;
use nix::libc::{self, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter_all_threads,
};
use std::collections::BTreeMap;

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
pub enum CallsError {
    /// It could not be made.
    #[error("{0}")]
    Made(#[from] seccompiler::BackendError),
    /// The kernel does not take it.
    #[error("{0}")]
    Taken(#[from] seccompiler::Error),
}

/// What no daemon needs and no program for text messages.
const FOR_NOBODY: &[c_long] = &[
    libc::SYS_acct,
    libc::SYS_adjtimex,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_fanotify_init,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_lookup_dcookie,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_vhangup,
];

/// The same, of x86_64 alone.
#[cfg(target_arch = "x86_64")]
const FOR_NOBODY_HERE: &[c_long] = &[libc::SYS_ioperm, libc::SYS_iopl, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const FOR_NOBODY_HERE: &[c_long] = &[];

/// What only whoever came in by a hole does.
const BY_A_HOLE: &[c_long] = &[
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_userfaultfd,
];

/// And in a daemon that runs no programs.
const PROGRAMS: &[c_long] = &[libc::SYS_execve, libc::SYS_execveat];

/// What a daemon that runs no programs and has its sockets needs no more.
const NO_MORE: &[c_long] = &[
    libc::SYS_add_key,
    libc::SYS_bind,
    libc::SYS_capset,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_keyctl,
    libc::SYS_listen,
    libc::SYS_mknodat,
    libc::SYS_personality,
    libc::SYS_request_key,
    libc::SYS_setfsgid,
    libc::SYS_setfsuid,
    libc::SYS_setgid,
    libc::SYS_setgroups,
    libc::SYS_setregid,
    libc::SYS_setresgid,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setuid,
    libc::SYS_vmsplice,
];

/// The same, of x86_64 alone: others have none of these.
#[cfg(target_arch = "x86_64")]
const NO_MORE_HERE: &[c_long] = &[libc::SYS_chown, libc::SYS_fork, libc::SYS_lchown, libc::SYS_mknod, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const NO_MORE_HERE: &[c_long] = &[];

/// Namespaces, by the flags of `clone`. (Time's is only for `clone3` and `unshare`.)
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// Refused calls and under what conditions, each a conjunction; none: always.
type Refused = BTreeMap<i64, Vec<SeccompRule>>;

/// A comparison of an argument: the lower 32 bits, in which all that is compared here stands.
fn argument(index: u8, comparison: SeccompCmpOp, value: i32) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, comparison, bits(value))
}

/// As an argument of the kernel's has it.
fn bits(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}

/// All of `flags` are set in the argument.
fn has(index: u8, flags: i32) -> Result<SeccompCondition, seccompiler::BackendError> {
    argument(index, SeccompCmpOp::MaskedEq(bits(flags)), flags)
}

fn always(calls: &[&[c_long]]) -> Refused {
    calls.iter().flat_map(|calls| calls.iter()).map(|call| (*call, Vec::new())).collect()
}

fn add(to: &mut Refused, call: c_long, conditions: Vec<SeccompCondition>) -> Result<(), seccompiler::BackendError> {
    to.entry(call).or_default().push(SeccompRule::new(conditions)?);
    Ok(())
}

/// What ends the process.
fn killing(daemon: Daemon) -> Refused {
    let mut calls = match daemon {
        Daemon::Configd | Daemon::Courier => always(&[BY_A_HOLE, PROGRAMS]),
        Daemon::CourierLocal => Refused::new(),
    };
    calls.extend(of_x32(daemon));
    calls
}

/// x86_64 kernels may take the numbers of x32 too, which a filter sees as others. Nothing of ours is of that kind, so whatever is refused
/// ends the process by these.
#[cfg(target_arch = "x86_64")]
fn of_x32(daemon: Daemon) -> Refused {
    // asm/unistd_x32.h: its own numbers for what has pointers in its arguments.
    const X32: i64 = 0x4000_0000;
    const ITS_OWN: [(c_long, i64); 8] = [
        (libc::SYS_ioctl, 514),
        (libc::SYS_execve, 520),
        (libc::SYS_ptrace, 521),
        (libc::SYS_kexec_load, 528),
        (libc::SYS_vmsplice, 532),
        (libc::SYS_move_pages, 533),
        (libc::SYS_process_vm_readv, 539),
        (libc::SYS_process_vm_writev, 540),
    ];
    let of_this = match daemon {
        Daemon::Configd | Daemon::Courier => always(&[
            FOR_NOBODY,
            FOR_NOBODY_HERE,
            BY_A_HOLE,
            PROGRAMS,
            NO_MORE,
            NO_MORE_HERE,
            &[libc::SYS_clone, libc::SYS_clone3, libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect],
            &[libc::SYS_socket, libc::SYS_shmat, libc::SYS_ioctl],
        ]),
        Daemon::CourierLocal => {
            always(&[FOR_NOBODY, FOR_NOBODY_HERE, BY_A_HOLE, &[libc::SYS_clone, libc::SYS_clone3, libc::SYS_ioctl]])
        }
    };
    let its_own = ITS_OWN.into_iter().filter(|(call, _)| of_this.contains_key(call)).map(|(_, number)| number);
    // execveat, which has another number there.
    let its_own = its_own.chain((daemon != Daemon::CourierLocal).then_some(545));
    of_this.keys().copied().chain(its_own).map(|number| (number | X32, Vec::new())).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn of_x32(_daemon: Daemon) -> Refused {
    Refused::new()
}

/// What is told that it may not.
fn forbidding(daemon: Daemon) -> Result<Refused, seccompiler::BackendError> {
    let mut calls = always(&[FOR_NOBODY, FOR_NOBODY_HERE]);
    for flag in NAMESPACES {
        add(&mut calls, libc::SYS_clone, vec![has(0, flag)?])?;
    }
    // Typing into the terminal of whoever started it by hand.
    for request in [libc::TIOCSTI, libc::TIOCLINUX] {
        let request = i32::try_from(request).unwrap_or_default();
        add(&mut calls, libc::SYS_ioctl, vec![argument(1, SeccompCmpOp::Eq, request)?])?;
    }
    if daemon == Daemon::CourierLocal {
        calls.extend(always(&[BY_A_HOLE]));
        for kind in [libc::S_IFCHR, libc::S_IFBLK] {
            let kind = i32::try_from(kind).unwrap_or_default();
            let device = argument(2, SeccompCmpOp::MaskedEq(u64::from(libc::S_IFMT)), kind)?;
            add(&mut calls, libc::SYS_mknodat, vec![device])?;
        }
        return Ok(calls);
    }
    calls.extend(always(&[NO_MORE, NO_MORE_HERE]));
    // Threads, and no processes.
    let no_thread = argument(0, SeccompCmpOp::MaskedEq(bits(libc::CLONE_THREAD)), 0)?;
    add(&mut calls, libc::SYS_clone, vec![no_thread])?;
    // Code that can be written. A library is mapped from its file, to be read and executed.
    add(&mut calls, libc::SYS_mmap, vec![has(2, libc::PROT_WRITE | libc::PROT_EXEC)?])?;
    add(&mut calls, libc::SYS_mprotect, vec![has(2, libc::PROT_EXEC)?])?;
    add(&mut calls, libc::SYS_pkey_mprotect, vec![has(2, libc::PROT_EXEC)?])?;
    add(&mut calls, libc::SYS_shmat, vec![has(2, libc::SHM_EXEC)?])?;
    Ok(calls)
}

/// Sockets of which there are none.
fn families(daemon: Daemon) -> Result<Refused, seccompiler::BackendError> {
    let mut calls = Refused::new();
    let no = |family| argument(0, SeccompCmpOp::Ne, family);
    match daemon {
        Daemon::CourierLocal => {}
        Daemon::Configd => add(&mut calls, libc::SYS_socket, vec![no(libc::AF_UNIX)?])?,
        Daemon::Courier => {
            add(&mut calls, libc::SYS_socket, vec![no(libc::AF_UNIX)?, no(libc::AF_INET)?, no(libc::AF_INET6)?])?;
            // TCP and UDP: the others are modules that the kernel would load for whoever asks.
            let other = |protocol| argument(2, SeccompCmpOp::Ne, protocol);
            let (any, tcp, udp) = (other(libc::IPPROTO_IP)?, other(libc::IPPROTO_TCP)?, other(libc::IPPROTO_UDP)?);
            add(&mut calls, libc::SYS_socket, vec![no(libc::AF_UNIX)?, any, tcp, udp])?;
        }
    }
    Ok(calls)
}

/// The filters, those that say least first: of two that refuse, the kernel does what is worse for the caller.
pub(crate) fn filters(daemon: Daemon) -> Result<Vec<BpfProgram>, CallsError> {
    let errno = |number: i32| SeccompAction::Errno(number.cast_unsigned());
    let all = [
        (errno(libc::ENOSYS), always(&[&[libc::SYS_clone3]])),
        (errno(libc::EAFNOSUPPORT), families(daemon)?),
        (errno(libc::EPERM), forbidding(daemon)?),
        (SeccompAction::KillProcess, killing(daemon)),
    ];
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let made = |(action, calls): (SeccompAction, Refused)| {
        Ok(SeccompFilter::new(calls, SeccompAction::Allow, action, arch)?.try_into()?)
    };
    all.into_iter().filter(|(_, calls)| !calls.is_empty()).map(made).collect()
}

/// Puts them on, for all threads. How many.
///
/// # Errors
/// [`CallsError`].
pub(crate) fn install(daemon: Daemon) -> Result<u32, CallsError> {
    let mut installed = 0_u32;
    for filter in filters(daemon)? {
        apply_filter_all_threads(&filter)?;
        installed = installed.saturating_add(1);
    }
    Ok(installed)
}
