//! Files whose bytes are read where they lie.

use std::{fs::File, io, path::Path};

use memmap2::{Advice, Mmap};

use crate::list::Bytes;

/// The bytes of a file that is written once, under another name, and never changed under this one.
#[expect(unsafe_code, reason = "a file cannot be mapped without it; the argument stands beside it")]
pub(super) fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    // SAFETY: the bytes of a map must not change while it lives. The files that come here are made by `compiled` alone,
    // in a folder of ours that no one else may write to: each is written under a name of its own, synced, renamed, and
    // from then on only opened for reading or unlinked. It is replaced by renaming another over it or by taking its name
    // away, which leaves the bytes that are mapped as they are. None is ever truncated or written in place.
    let map = unsafe { Mmap::map(&file)? };
    // A lookup touches one page here and one there; reading ahead would fetch what nobody asked for.
    let _ = map.advise(Advice::Random);
    Ok(Box::new(map))
}
