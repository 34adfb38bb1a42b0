use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Mutex, PoisonError},
};

/// Where a use case gets its randomness from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Bytes that are asked of the system at a time: its call costs as much as proving a link.
const AT_A_TIME: usize = 1024;

/// The operating system's randomness, each byte of it given once. For ids, which must differ and need not be secret:
/// where the system has none, the standard library's own is used, so that no click fails for the want of a number.
#[derive(Debug, Default)]
pub struct SystemEntropy {
    /// What is left.
    pool: Mutex<Vec<u8>>,
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if pool.is_empty() {
                pool.resize(AT_A_TIME, 0);
                draw(&mut pool);
            }
            // Never empty here.
            *byte = pool.pop().unwrap_or_default();
        }
    }
}

fn draw(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        for chunk in bytes.chunks_mut(8) {
            let number = RandomState::new().build_hasher().finish().to_ne_bytes();
            chunk.iter_mut().zip(number).for_each(|(byte, random)| *byte = random);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_drawn_is_given_once() {
        let entropy = SystemEntropy::default();
        let mut seen = HashSet::new();
        for _ in 0..AT_A_TIME {
            let mut bytes = [0; 10];
            entropy.fill(&mut bytes);
            assert!(seen.insert(bytes), "{bytes:?} came twice");
        }
        let mut many = vec![0; 3 * AT_A_TIME];
        entropy.fill(&mut many);
        assert!(many.chunks(16).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    }
}
