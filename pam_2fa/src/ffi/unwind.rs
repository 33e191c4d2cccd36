//! Where the unwinder of libgcc, which is linked in, finds what it must know of a function to leave it, so that a panic comes to the fence in
//! `entry`.
//!
//! libgcc's own way (`_Unwind_Find_FDE`) looks through every object of the process. That needs `_dl_find_object` of glibc 2.35, which EL 9 has
//! not, and 8 KB. A panic of ours leaves no function but those of this object, so this one looks nowhere else: what is outside is the end
//! of the stack, and a panic that came there would abort, which denies.
//!
//! Sources: Linux Standard Base 5.0, core, 10.6 (`.eh_frame`, `.eh_frame_hdr`); libgcc's unwind-dw2-fde.h and unwind-dw2-fde-dip.c. Linkers write
//! the table in one form only (`tests/tests/module_object.rs` looks at it); in any other nothing is found.

use libc::{Elf64_Ehdr, Elf64_Phdr, PT_GNU_EH_FRAME, PT_LOAD};
use std::ffi::c_void;
use std::ptr::{addr_of, null};

/// `struct dwarf_eh_bases`.
#[repr(C)]
struct Bases {
    text: *const c_void,
    data: *const c_void,
    function: *const c_void,
}

unsafe extern "C" {
    /// The first byte of this object as it lies in memory; every linker makes it up, hidden.
    static __ehdr_start: Elf64_Ehdr;
}

// Hidden, so that the module exports what libpam calls and nothing else, and found before libgcc's, which then is not linked in.
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".globl _Unwind_Find_FDE",
    ".hidden _Unwind_Find_FDE",
    ".type _Unwind_Find_FDE, @function",
    "_Unwind_Find_FDE: jmp {find}",
    find = sym find
);
#[cfg(target_arch = "aarch64")]
std::arch::global_asm!(
    ".globl _Unwind_Find_FDE",
    ".hidden _Unwind_Find_FDE",
    ".type _Unwind_Find_FDE, %function",
    "_Unwind_Find_FDE: b {find}",
    find = sym find
);

/// Version 1, and how its three numbers are written: `DW_EH_PE_pcrel | sdata4`, `udata4`, `datarel | sdata4`.
const FORM: [u8; 4] = [1, 0x1b, 0x03, 0x3b];

/// What is read at an address.
///
/// # Safety
/// So many bytes of this object's own, read-only parts lie there.
unsafe fn at<T: Copy>(place: usize) -> T {
    // SAFETY: as promised to this function; it need not be aligned.
    unsafe { std::ptr::with_exposed_provenance::<T>(place).read_unaligned() }
}

/// The part of this object that is of such a kind and for which `fits` says yes: its place in memory.
fn part(kind: u32, fits: impl Fn(&Elf64_Phdr, usize) -> bool) -> Option<usize> {
    let first = addr_of!(__ehdr_start).expose_provenance();
    // SAFETY: the header of this object, which stays mapped (`-z nodelete`).
    let header: Elf64_Ehdr = unsafe { at(first) };
    let table = first.wrapping_add(usize::try_from(header.e_phoff).ok()?);
    (0..usize::from(header.e_phnum)).find_map(|number| {
        // SAFETY: so many of them follow one another in the part that begins with the header.
        let one: Elf64_Phdr = unsafe { at(table.wrapping_add(number.wrapping_mul(size_of::<Elf64_Phdr>()))) };
        // The object begins at address 0 of its own: it can be loaded anywhere.
        let place = first.wrapping_add(usize::try_from(one.p_vaddr).ok()?);
        (one.p_type == kind && fits(&one, place)).then_some(place)
    })
}

/// libgcc's `_Unwind_Find_FDE`: the description of the function that an address is in, and where that function begins. NULL where it is none of
/// ours.
///
/// # Safety
/// `bases` can be written.
unsafe extern "C" fn find(address: *const c_void, bases: *mut Bases) -> *const c_void {
    match described(address.addr()) {
        Some((description, function)) => {
            let function = std::ptr::with_exposed_provenance(function);
            // SAFETY: as promised to this function.
            unsafe { bases.write(Bases { text: null(), data: null(), function }) };
            std::ptr::with_exposed_provenance(description)
        }
        None => null(),
    }
}

/// Where the description is, and where the function begins.
fn described(address: usize) -> Option<(usize, usize)> {
    let is_in = |one: &Elf64_Phdr, place: usize| {
        usize::try_from(one.p_memsz).is_ok_and(|length| address.wrapping_sub(place) < length)
    };
    part(PT_LOAD, is_in)?;
    let table = part(PT_GNU_EH_FRAME, |_, _| true)?;
    // SAFETY: the part has its form, a pointer and a number at least.
    let form: [u8; 4] = unsafe { at(table) };
    if form != FORM {
        return None;
    }
    // SAFETY: as above.
    let count: u32 = unsafe { at(table.wrapping_add(8)) };
    let entry = |number: usize| table.wrapping_add(12).wrapping_add(number.wrapping_mul(8));
    let place = |place: usize| {
        // SAFETY: both halves of each of `count` entries.
        let from_table: i32 = unsafe { at(place) };
        usize::try_from(from_table).map_or_else(
            |_| table.wrapping_sub(usize::try_from(from_table.unsigned_abs()).unwrap_or(0)),
            |behind| table.wrapping_add(behind),
        )
    };
    // Sorted by where functions begin: the last that begins at the address or before it.
    let (mut first, mut end) = (0, usize::try_from(count).ok()?);
    while first < end {
        let middle = first.midpoint(end);
        if place(entry(middle)) <= address {
            first = middle.wrapping_add(1);
        } else {
            end = middle;
        }
    }
    let found = entry(first.checked_sub(1)?);
    let (function, description) = (place(found), place(found.wrapping_add(4)));
    // SAFETY: its length, its common part, where it begins, and how long the function is, four bytes each in this form.
    let length: u32 = unsafe { at(description.wrapping_add(12)) };
    (address.wrapping_sub(function) < usize::try_from(length).ok()?).then_some((description, function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_this_object_is_found_by_every_address_in_it_and_nothing_else_is() {
        let begin = (at::<u32> as unsafe fn(usize) -> u32 as *const ()).addr();
        let (description, function) = described(begin).unwrap();
        assert_eq!(function, begin);
        assert_eq!(described(begin + 1), Some((description, begin)));
        for elsewhere in [
            0,
            usize::MAX,
            (libc::getpid as unsafe extern "C" fn() -> i32 as *const ()).addr(),
            addr_of!(__ehdr_start).addr(),
        ] {
            assert_eq!(described(elsewhere), None, "{elsewhere:#x}");
        }
        let mut bases = Bases { text: null(), data: null(), function: null() };
        // SAFETY: it can be written.
        assert_eq!(unsafe { find(std::ptr::without_provenance(begin), &raw mut bases) }.addr(), description);
        assert_eq!(bases.function.addr(), begin);
    }
}
