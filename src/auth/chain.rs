use super::mail::Mail;
use crate::judge::Proof;

/// Sets of seals on one message (RFC 8617 section 4.2.1).
pub(super) const SETS: u32 = 50;

/// The fields of a set, in the order in which a seal signs them.
pub(super) const FIELDS: [&str; 3] = ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"];

/// The seals that a message came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain {
    /// The highest number of a set.
    pub(super) sets: u32,
    /// The last one said already that those before it do not hold.
    pub(super) closed: bool,
    /// How many fields there are.
    pub(super) fields: usize,
}

impl Chain {
    pub(super) fn of(mail: &Mail<'_>) -> Self {
        let mut chain = Self { sets: 0, closed: false, fields: 0 };
        for field in mail.fields() {
            if !FIELDS.iter().any(|name| field.is(name)) {
                continue;
            }
            chain.fields += 1;
            let number = instance(field.value).unwrap_or(0);
            if number > chain.sets {
                (chain.sets, chain.closed) = (number, false);
            }
            if number == chain.sets && field.is("ARC-Seal") {
                chain.closed |= tag(field.value, "cv").is_some_and(|cv| cv.eq_ignore_ascii_case("fail"));
            }
        }
        chain
    }

    /// Number and state of the set to come; none where there must not be any (section 5.1).
    pub(super) fn next(self, proof: Proof) -> Option<(u32, &'static str)> {
        let state = match proof {
            Proof::None if self.fields == 0 => "none",
            Proof::Pass => "pass",
            // Nobody knows: whoever comes behind us looks himself.
            Proof::TempError => return None,
            // A set without a number belongs to no chain.
            _ if self.sets == 0 => return None,
            _ => "fail",
        };
        let next = self.sets + 1;
        (next <= SETS && !self.closed).then_some((next, state))
    }
}

/// The number of the set that a field belongs to.
pub(super) fn instance(value: &[u8]) -> Option<u32> {
    tag(value, "i")?.parse().ok().filter(|number| (1..=SETS).contains(number))
}

/// The value of a tag (RFC 6376 section 3.2), without blanks around it.
fn tag(value: &[u8], name: &str) -> Option<String> {
    let text: String = value.utf8_chunks().flat_map(|chunk| chunk.valid().chars()).collect();
    text.split(';').find_map(|tag| {
        let (own, value) = tag.split_once('=')?;
        (own.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(raw: &str, proof: Proof) -> Option<(u32, &'static str)> {
        Chain::of(&Mail::of(raw.as_bytes())).next(proof)
    }

    #[test]
    fn the_next_set_follows_the_highest_and_says_what_was_found() {
        let two =
            "ARC-Seal: a=x; i=2; cv=pass\r\nARC-Seal: i=1;\r\n cv=none\r\nARC-Authentication-Results: i=1; x\r\n\r\n";
        assert_eq!(next("A: b\r\n\r\n", Proof::None), Some((1, "none")));
        assert_eq!(next(two, Proof::Pass), Some((3, "pass")));
        assert_eq!(next(two, Proof::Fail), Some((3, "fail")));
        assert_eq!(next(two, Proof::TempError), None);
        // There are seals, and who looked at them saw none.
        assert_eq!(next(two, Proof::None), Some((3, "fail")));
        assert_eq!(next("ARC-Seal: cv=none\r\n\r\n", Proof::Fail), None);
    }

    #[test]
    fn a_chain_that_has_ended_or_is_full_goes_on_as_it_is() {
        assert_eq!(next("ARC-Seal: i=2; cv=fail\r\nARC-Seal: i=1; cv=none\r\n\r\n", Proof::Fail), None);
        assert_eq!(next("ARC-Seal: i=1; cv=fail\r\nARC-Seal: i=2; cv=pass\r\n\r\n", Proof::Fail), Some((3, "fail")));
        assert_eq!(next("ARC-Seal: i=50; cv=pass\r\n\r\n", Proof::Pass), None);
        assert_eq!(next("ARC-Seal: i=49; cv=pass\r\n\r\n", Proof::Pass), Some((50, "pass")));
        assert_eq!(next("ARC-Seal: i=51; cv=pass\r\n\r\n", Proof::Fail), None);
    }
}
