//! Names such as stand on lists of phishing sites, by number: the same in every run, no two alike.

use std::fmt::Write as _;

const WORDS: [&str; 24] = [
    "account", "alert", "auth", "bank", "billing", "cloud", "confirm", "docs", "gift", "invoice", "login", "mail",
    "online", "parcel", "pay", "portal", "safe", "secure", "service", "signin", "support", "update", "verify",
    "wallet",
];
const ENDS: [&str; 12] = [
    "com",
    "net",
    "info",
    "top",
    "xyz",
    "shop",
    "co.uk",
    "com.br",
    "pages.example",
    "web.example",
    "host.example.com",
    "free.example.net",
];

/// A number that looks like chance (SplitMix64).
pub fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The name with this number, of about 25 bytes.
pub fn name(number: u64) -> String {
    let chance = mix(number);
    let pick = |of: &[&'static str], shift: u32| of[(chance >> shift) as usize % of.len()];
    let mut name = String::with_capacity(40);
    if chance & 3 == 0 {
        // As malware makes them up.
        let mut rest = mix(chance);
        for _ in 0..8 + chance % 7 {
            name.push(char::from(b'a' + (rest % 26) as u8));
            rest = rest / 26 + mix(rest);
        }
    } else {
        let _ = write!(name, "{}-{}", pick(&WORDS, 8), pick(&WORDS, 16));
    }
    // What makes each name its own.
    let _ = write!(name, "{}.{}", base36(number), pick(&ENDS, 24));
    name
}

fn base36(mut number: u64) -> String {
    let mut digits = String::new();
    loop {
        digits.push(char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]));
        number /= 36;
        if number == 0 {
            return digits;
        }
    }
}
