use std::hash::{BuildHasher, Hasher, RandomState};

/// Where a use case gets its randomness from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness. For ids, which must differ and need not be secret: where the system has none, the
/// standard library's own is used, so that no click fails for the want of a number.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            for chunk in bytes.chunks_mut(8) {
                let number = RandomState::new().build_hasher().finish().to_ne_bytes();
                chunk.iter_mut().zip(number).for_each(|(byte, random)| *byte = random);
            }
        }
    }
}
