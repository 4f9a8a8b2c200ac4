//! The table of the 46 functions: name, types, and what each does. Read this to know what a
//! workload can ask for.

use super::guest::{Guest, Strings};
use super::memory::Mem;
use super::{Errno, Fail};
use crate::profile::WORLD;
use crate::run::{Run, Stop};
use wasmtime::{Caller, Linker, Result};

/// One host call: charge, act, record the fuel, show it to who replays.
fn call(
    mut caller: Caller<'_, Run>,
    function: u32,
    act: impl FnOnce(&mut Guest, &mut Mem) -> std::result::Result<(), Fail>,
) -> Result<i32> {
    let left = caller.get_fuel()?;
    let Some(memory) = caller.data().memory else {
        return Err(Stop::Host("a host call before the memory exists".into()).into());
    };
    let (bytes, run) = memory.data_and_store_mut(&mut caller);
    let guest = &mut run.guest;
    guest.world.begin(left);
    let charged = guest.world.charge_call().map_err(Fail::from);
    let result = charged.and_then(|()| act(guest, &mut Mem(bytes)));
    let left = guest.world.close();
    caller.set_fuel(left)?;
    let errno = match &result {
        Ok(()) => 0,
        Err(Fail::Errno(errno)) => *errno as u32,
        Err(Fail::Stop(_)) => u32::MAX,
    };
    let (bytes, run) = memory.data_and_store_mut(&mut caller);
    if run.guest.world.traced {
        run.guest.world.show(function, errno, bytes, "");
    }
    match result {
        Err(Fail::Stop(stop)) => Err(stop.into()),
        _ => Ok(errno as i32),
    }
}

/// Declares the functions: parameters are (name: type in the specification's core signature), all
/// return an errno; `g` is the guest, `m` its memory.
macro_rules! functions {
    ($($name:ident($($arg:ident: $ty:ident),*) |$g:ident, $m:ident| $body:expr;)*) => {
        /// Names in alphabetical order; a function's place here is its number in a trace.
        pub const FUNCTIONS: &[&str] = &[$(stringify!($name)),*];

        #[allow(non_camel_case_types)]
        enum Place { $($name),* }

        /// Gives the linker all functions.
        pub fn define(linker: &mut Linker<Run>) -> Result<()> {
            $(linker.func_wrap(
                WORLD,
                stringify!($name),
                |caller: Caller<'_, Run>, $($arg: $ty),*| -> Result<functions!(@returns $name)> {
                    $(let _ = $arg;)*
                    let result = call(caller, Place::$name as u32, |$g, $m| {
                        let _ = (&$g, &$m);
                        $body
                    })?;
                    functions!(@result $name result)
                },
            )?;)*
            Ok(())
        }
    };
    (@returns proc_exit) => { () };
    (@returns $name:ident) => { i32 };
    (@result proc_exit $result:ident) => {{ let _ = $result; Ok(()) }};
    (@result $name:ident $result:ident) => { Ok($result) };
}

pub fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

functions! {
    args_get(list: u32, buffer: u32) |g, m| g.strings_get(m, Strings::Args, list, buffer);
    args_sizes_get(count: u32, bytes: u32) |g, m| g.strings_sizes(m, Strings::Args, count, bytes);
    clock_res_get(clock: u32, out: u32) |g, m| g.clock_res_get(m, clock, out);
    clock_time_get(clock: u32, precision: u64, out: u32) |g, m| g.clock_time_get(m, clock, out);
    environ_get(list: u32, buffer: u32) |g, m| g.strings_get(m, Strings::Env, list, buffer);
    environ_sizes_get(count: u32, bytes: u32) |g, m| g.strings_sizes(m, Strings::Env, count, bytes);
    fd_advise(fd: u32, offset: u64, length: u64, advice: u32) |g, m| g.refuse(fd, Errno::Spipe);
    fd_allocate(fd: u32, offset: u64, length: u64) |g, m| g.refuse(fd, Errno::Spipe);
    fd_close(fd: u32) |g, m| g.fd_close(fd);
    fd_datasync(fd: u32) |g, m| g.refuse(fd, Errno::Inval);
    fd_fdstat_get(fd: u32, out: u32) |g, m| g.fd_fdstat_get(m, fd, out);
    fd_fdstat_set_flags(fd: u32, flags: u32) |g, m| g.accept(fd);
    fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) |g, m| g.accept(fd);
    fd_filestat_get(fd: u32, out: u32) |g, m| g.fd_filestat_get(m, fd, out);
    fd_filestat_set_size(fd: u32, size: u64) |g, m| g.refuse(fd, Errno::Inval);
    fd_filestat_set_times(fd: u32, atime: u64, mtime: u64, flags: u32) |g, m| g.refuse(fd, Errno::Notsup);
    fd_pread(fd: u32, list: u32, count: u32, offset: u64, out: u32) |g, m| g.refuse(fd, Errno::Spipe);
    fd_prestat_dir_name(fd: u32, path: u32, length: u32) |g, m| Err(Errno::Badf.into());
    fd_prestat_get(fd: u32, out: u32) |g, m| Err(Errno::Badf.into());
    fd_pwrite(fd: u32, list: u32, count: u32, offset: u64, out: u32) |g, m| g.refuse(fd, Errno::Spipe);
    fd_read(fd: u32, list: u32, count: u32, out: u32) |g, m| g.fd_read(m, fd, list, count, out);
    fd_readdir(fd: u32, buffer: u32, length: u32, cookie: u64, out: u32) |g, m| g.refuse(fd, Errno::Notdir);
    fd_renumber(fd: u32, to: u32) |g, m| g.fd_renumber(fd, to);
    fd_seek(fd: u32, offset: i64, whence: u32, out: u32) |g, m| g.refuse(fd, Errno::Spipe);
    fd_sync(fd: u32) |g, m| g.refuse(fd, Errno::Inval);
    fd_tell(fd: u32, out: u32) |g, m| g.refuse(fd, Errno::Spipe);
    fd_write(fd: u32, list: u32, count: u32, out: u32) |g, m| g.fd_write(m, fd, list, count, out);
    path_create_directory(fd: u32, path: u32, length: u32) |g, m| g.refuse(fd, Errno::Notdir);
    path_filestat_get(fd: u32, flags: u32, path: u32, length: u32, out: u32)
        |g, m| g.refuse(fd, Errno::Notdir);
    path_filestat_set_times(fd: u32, flags: u32, path: u32, length: u32, atime: u64, mtime: u64, which: u32)
        |g, m| g.refuse(fd, Errno::Notdir);
    path_link(fd: u32, flags: u32, path: u32, length: u32, to_fd: u32, to_path: u32, to_length: u32)
        |g, m| g.refuse(fd, Errno::Notdir);
    path_open(fd: u32, lookup: u32, path: u32, length: u32, flags: u32, base: u64, inheriting: u64,
              fdflags: u32, out: u32) |g, m| g.refuse(fd, Errno::Notdir);
    path_readlink(fd: u32, path: u32, length: u32, buffer: u32, size: u32, out: u32)
        |g, m| g.refuse(fd, Errno::Notdir);
    path_remove_directory(fd: u32, path: u32, length: u32) |g, m| g.refuse(fd, Errno::Notdir);
    path_rename(fd: u32, path: u32, length: u32, to_fd: u32, to_path: u32, to_length: u32)
        |g, m| g.refuse(fd, Errno::Notdir);
    path_symlink(target: u32, target_length: u32, fd: u32, path: u32, length: u32)
        |g, m| g.refuse(fd, Errno::Notdir);
    path_unlink_file(fd: u32, path: u32, length: u32) |g, m| g.refuse(fd, Errno::Notdir);
    poll_oneoff(list: u32, events: u32, count: u32, out: u32)
        |g, m| g.poll_oneoff(m, list, events, count, out);
    proc_exit(code: u32) |g, m| Err(Stop::Exit(code).into());
    proc_raise(signal: u32) |g, m| Err(Errno::Notsup.into());
    random_get(buffer: u32, length: u32) |g, m| g.random_get(m, buffer, length);
    sched_yield() |g, m| Ok(());
    sock_accept(fd: u32, flags: u32, out: u32) |g, m| g.refuse(fd, Errno::Notsock);
    sock_recv(fd: u32, list: u32, count: u32, flags: u32, out: u32, out_flags: u32)
        |g, m| g.refuse(fd, Errno::Notsock);
    sock_send(fd: u32, list: u32, count: u32, flags: u32, out: u32) |g, m| g.refuse(fd, Errno::Notsock);
    sock_shutdown(fd: u32, how: u32) |g, m| g.refuse(fd, Errno::Notsock);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_functions_are_there_in_order() {
        assert_eq!(FUNCTIONS.len(), 46);
        assert!(FUNCTIONS.is_sorted());
        assert!(is_function("fd_write") && !is_function("fd_write2"));
    }
}
