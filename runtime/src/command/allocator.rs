//! How soon the allocator returns freed memory to the system.
//!
//! mimalloc keeps what is freed for a second, in which a server that answers large messages frees
//! several hundred megabytes. It reads its settings from the environment before `main` runs, so the
//! program replaces itself once, with the setting in its environment.

/// How long freed memory is kept, in milliseconds; a value that is already set stays.
#[cfg(unix)]
const PURGE_DELAY: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "10");

/// Starts the program anew with the allocator's setting, in the same process. Returns where it is set
/// already, and where the program cannot be started anew: it works without the setting, too.
#[cfg(unix)]
pub(super) fn return_freed_memory_soon() {
    use std::os::unix::process::CommandExt as _;

    let (name, value) = PURGE_DELAY;
    if std::env::var_os(name).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(program);
    if let Some(called_as) = arguments.next() {
        command.arg0(called_as);
    }
    // It returns only where that fails.
    let _ = command.args(arguments).env(name, value).exec();
}

#[cfg(not(unix))]
pub(super) fn return_freed_memory_soon() {}
