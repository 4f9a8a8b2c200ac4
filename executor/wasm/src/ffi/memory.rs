//! The caller's memory: pointers are checked, structs of older callers completed, panics and errors
//! turned into statuses.

use super::layout::{FogError, Slice};
use crate::error::{Error, Result, Status};
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `act`; its refusal, or its panic, goes to `error`.
pub fn guarded(error: *mut FogError, act: impl FnOnce() -> Result<()>) -> i32 {
    let result = catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|panic| Err(Error::new(Status::Internal, panic_text(&*panic))));
    let refusal = match result {
        Ok(()) => return 0,
        Err(refusal) => refusal,
    };
    // SAFETY: null, or the caller's struct.
    if let Some(error) = unsafe { error.as_mut() } {
        error.status = refusal.status as i32;
        put_text(&mut error.message, &refusal.message);
    }
    refusal.status as i32
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("internal fault: {}", text.unwrap_or("panic"))
}

/// Copies a text cut to fit, at a character's edge, with its closing zero.
pub fn put_text(out: &mut [c_char], text: &str) {
    let end = text.floor_char_boundary(out.len() - 1);
    out.fill(0);
    for (to, from) in out.iter_mut().zip(text[..end].bytes().filter(|b| *b != 0)) {
        *to = from as c_char;
    }
}

/// The size that a struct of the caller claims in its first field, if this library knows it: not
/// below `minimum`, which is the struct's first version, nor above the present one.
///
/// # Safety
/// `from` is null or points to as many bytes as its first field says.
pub unsafe fn known_size<T>(from: *const T, minimum: usize, name: &str) -> Result<usize> {
    if from.is_null() {
        return Err(Error::argument(format!("{name} is null")));
    }
    // SAFETY: the first field is the size.
    let size = unsafe { from.cast::<usize>().read() };
    if size < minimum || size > size_of::<T>() {
        return Err(Error::argument(format!("{name}: size {size} is not one this library knows")));
    }
    Ok(size)
}

/// A copy of the caller's struct, with zeros where an older caller's ends.
///
/// # Safety
/// As `known_size`; T is a plain struct of which all-zero is a value.
pub unsafe fn take<T: Copy>(from: *const T, minimum: usize, name: &str) -> Result<T> {
    // SAFETY: the caller's promise; `size` bytes are the caller's and fit in a T.
    unsafe {
        let size = known_size(from, minimum, name)?;
        let mut value: T = std::mem::zeroed();
        std::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut value).cast::<u8>(), size);
        Ok(value)
    }
}

/// Fills the caller's struct as far as it goes.
///
/// # Safety
/// `size` came from `known_size` of `out`, which is writable.
pub unsafe fn put<T>(out: *mut T, value: &T, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { std::ptr::copy_nonoverlapping((&raw const *value).cast::<u8>(), out.cast::<u8>(), size) };
}

/// # Safety
/// `data` points to `count` values, unless `count` is 0.
pub unsafe fn list<'a, T>(data: *const T, count: usize, name: &str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    if data.is_null() || count > isize::MAX as usize / size_of::<T>() {
        return Err(Error::argument(format!("{name} is null or too long")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, count) })
}

/// # Safety
/// As `list`.
pub unsafe fn bytes<'a>(slice: Slice, name: &str) -> Result<&'a [u8]> {
    // SAFETY: the caller's promise.
    unsafe { list(slice.data, slice.size, name) }
}

/// # Safety
/// `from` is null or a live handle.
pub unsafe fn handle<'a, T>(from: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { from.as_ref() }.ok_or_else(|| Error::argument(format!("{name} is null")))
}

/// # Safety
/// `out` is null or writable.
pub unsafe fn give<T>(out: *mut *mut T, value: impl FnOnce() -> Result<T>) -> Result<()> {
    if out.is_null() {
        return Err(Error::argument("the place for the result is null"));
    }
    // SAFETY: the caller's promise.
    unsafe { *out = std::ptr::null_mut() };
    let value = Box::into_raw(Box::new(value()?));
    // SAFETY: the caller's promise.
    unsafe { *out = value };
    Ok(())
}

/// # Safety
/// `value` is null or came from `give`, once.
pub unsafe fn destroy<T>(value: *mut T) {
    if !value.is_null() {
        // SAFETY: the caller's promise. A panic in a destructor must not pass into C.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(value) })));
    }
}
