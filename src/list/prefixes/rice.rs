/// Numbers of one list at most. The largest that is published has a few millions.
pub const MAX_ENTRIES: usize = 1 << 25;

/// Bytes that are no Rice-coded list of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRice {
    /// The parameter is out of the bounds that the protocol sets.
    #[error("the Rice parameter is {0}, not from 3 to 30")]
    Parameter(i64),
    /// More numbers than are taken, or than the bytes can hold.
    #[error("{0} numbers cannot stand there")]
    Count(i64),
    /// The bytes end before the last number does.
    #[error("the data end in the middle of number {0}")]
    CutOff(usize),
    /// A number is larger than 32 bits.
    #[error("number {0} is larger than 32 bits")]
    TooLarge(usize),
}

/// Reads numbers that stand as their differences, each as a quotient in unary (ones, closed by a zero) and a remainder
/// of `parameter` bits; bits are taken from the lowest of each byte upwards (Safe Browsing, "RiceDeltaEncoded32Bit").
/// `count` is that of the differences: one number more comes out, in ascending order. What is left of the last byte is
/// not looked at.
///
/// # Errors
/// [`BadRice`]; nothing comes out then.
pub fn rice(first: u32, parameter: i64, count: i64, data: &[u8]) -> Result<Vec<u32>, BadRice> {
    if count == 0 {
        return Ok(vec![first]);
    }
    let bits = u32::try_from(parameter).ok().filter(|bits| (3..=30).contains(bits));
    let bits = bits.ok_or(BadRice::Parameter(parameter))?;
    // Each takes the zero and the remainder at least, so no count makes room for what cannot be there.
    let most = (data.len().saturating_mul(8) / (bits as usize + 1)).min(MAX_ENTRIES - 1);
    let count = usize::try_from(count).ok().filter(|count| *count <= most).ok_or(BadRice::Count(count))?;
    let mut numbers = Vec::with_capacity(count + 1);
    let (mut source, mut number) = (Bits { data, at: 0 }, first);
    numbers.push(first);
    for place in 1..=count {
        let quotient = source.ones().ok_or(BadRice::CutOff(place))?;
        let rest = source.take(bits).ok_or(BadRice::CutOff(place))?;
        let difference = quotient.checked_mul(1 << bits).and_then(|high| high.checked_add(rest));
        let next = difference.and_then(|difference| u64::from(number).checked_add(difference));
        number = next.and_then(|next| u32::try_from(next).ok()).ok_or(BadRice::TooLarge(place))?;
        numbers.push(number);
    }
    Ok(numbers)
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u64> {
        let byte = self.data.get(self.at / 8)?;
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    /// How many ones stand before the next zero, which is passed.
    fn ones(&mut self) -> Option<u64> {
        let mut ones = 0;
        while self.bit()? == 1 {
            ones += 1;
        }
        Some(ones)
    }

    fn take(&mut self, bits: u32) -> Option<u64> {
        let mut value = 0;
        for place in 0..bits {
            value |= self.bit()? << place;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the published documentation: the hashes of `b.`, `a.` and `y.example.com/`.
    #[test]
    fn the_published_example_is_read() {
        let data = [0x74, 0x00, 0xd2, 0x97, 0x1b, 0xed, 0x49, 0x74, 0x00];
        assert_eq!(rice(489_866_504, 30, 2, &data).unwrap(), [0x1d32_c508, 0x291b_c542, 0xf7a5_02e5]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(rice(7, 0, 0, &[]), Ok(vec![7]), "one number alone");
        assert_eq!(rice(7, 2, 1, &[0; 9]), Err(BadRice::Parameter(2)));
        assert_eq!(rice(7, 31, 1, &[0; 9]), Err(BadRice::Parameter(31)));
        assert_eq!(rice(7, 3, -1, &[0; 9]), Err(BadRice::Count(-1)));
        assert_eq!(rice(7, 3, 3, &[0; 1]), Err(BadRice::Count(3)));
        assert_eq!(rice(7, 3, i64::MAX, &[0; 9]), Err(BadRice::Count(i64::MAX)));
        assert_eq!(rice(7, 3, 1, &[0xff, 0xff]), Err(BadRice::CutOff(1)));
        assert_eq!(rice(7, 3, 2, &[0b1111_1110]), Err(BadRice::CutOff(2)));
        assert_eq!(rice(u32::MAX, 3, 1, &[0b0000_0010]), Err(BadRice::TooLarge(1)));
        assert_eq!(rice(0, 30, 1, &[0b0000_1111, 0, 0, 0, 0]), Err(BadRice::TooLarge(1)));
    }

    /// Written by the words of the documentation alone.
    fn write(numbers: &[u32], parameter: u32) -> Vec<u8> {
        let mut bits = Vec::new();
        for pair in numbers.windows(2) {
            let difference = pair[1] - pair[0];
            bits.extend(std::iter::repeat_n(true, (difference >> parameter) as usize));
            bits.push(false);
            bits.extend((0..parameter).map(|place| difference >> place & 1 == 1));
        }
        let byte = |bits: &[bool]| bits.iter().enumerate().map(|(place, bit)| u8::from(*bit) << place).sum();
        bits.chunks(8).map(byte).collect()
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_again(mut numbers in prop::collection::vec(any::<u32>(), 1..60), parameter in 20_u32..=30) {
            numbers.sort_unstable();
            let data = write(&numbers, parameter);
            let count = i64::try_from(numbers.len() - 1).unwrap();
            prop_assert_eq!(rice(numbers[0], parameter.into(), count, &data), Ok(numbers));
        }

        #[test]
        fn any_bytes_are_read_or_refused_and_come_out_in_order(
            first in any::<u32>(), parameter in -1_i64..40, count in -1_i64..200, data in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            if let Ok(numbers) = rice(first, parameter, count, &data) {
                prop_assert_eq!(numbers.len(), usize::try_from(count).unwrap() + 1);
                prop_assert!(numbers.is_sorted());
            }
        }
    }
}
