//! Links that were changed on the way, and links that never were.

use sekisho::link::{Damaged, Verified};

use super::*;

/// The same numbers on every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn char(&mut self) -> u8 {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[self.below(64)]
    }
}

/// One way to spoil a link; `host` is its host segment, `token` its token, `other` another good token.
type Spoil = fn(&mut Dice, &str, &str, &str) -> String;

const SPOILS: &[Spoil] = &[
    // One character changed, anywhere before the version.
    |dice, host, token, _| {
        let mut token = token.as_bytes().to_vec();
        let at = dice.below(token.len() - 1);
        let old = token[at];
        while token[at] == old {
            token[at] = dice.char();
        }
        format!("/{host}/{}", String::from_utf8(token).unwrap())
    },
    // Two characters exchanged, or one of them doubled.
    |dice, host, token, _| {
        let mut token = token.as_bytes().to_vec();
        let (a, b) = (dice.below(token.len() - 1), dice.below(token.len() - 1));
        if token[a] == token[b] {
            token.insert(a, b'A')
        } else {
            token.swap(a, b)
        }
        format!("/{host}/{}", String::from_utf8(token).unwrap())
    },
    // A piece cut out of the middle, the version still there.
    |dice, host, token, _| {
        let (from, length) = (dice.below(token.len() - 1), 1 + dice.below(12));
        let to = (from + length).min(token.len() - 1);
        format!("/{host}/{}{}", &token[..from], &token[to..])
    },
    // The end cut off.
    |dice, host, token, _| format!("/{host}/{}", &token[..dice.below(token.len())]),
    // The head of one and the tail of another.
    |dice, host, token, other| {
        let at = 1 + dice.below(token.len().min(other.len()) - 2);
        format!("/{host}/{}{}", &token[..at], &other[at..])
    },
    // Another host in front.
    |dice, _, token, _| format!("/w{}.shop.example/{token}", dice.next()),
    // Random characters of a likely length.
    |dice, host, token, _| {
        let mut chars: Vec<u8> = (0..40 + dice.below(60)).map(|_| dice.char()).collect();
        // Every other one begins as a real link does, so that key and tenant are found.
        if dice.below(2) == 0 {
            chars.splice(..20, token.bytes().take(20));
        }
        format!("/{host}/{}1", String::from_utf8(chars).unwrap())
    },
    // Characters added before the version.
    |dice, host, token, _| {
        let more: String = (0..4 * (1 + dice.below(3))).map(|_| char::from(dice.char())).collect();
        format!("/{host}/{}{more}1", &token[..token.len() - 1])
    },
];

#[test]
fn a_hundred_thousand_spoilt_links_get_one_and_the_same_answer() {
    let ring = ring();
    let opener = ring.opener(&[A, B]);
    let minted: Vec<Minted> = SHAPES.iter().map(|(url, _)| mint(&ring, url)).collect();
    let good: Vec<String> = minted.iter().map(Minted::to_string).collect();
    let mut dice = Dice(0x5eed);
    let mut answers = std::collections::HashMap::new();
    let (mut tried, mut unchanged) = (0, 0);
    while tried < 100_000 {
        let (at, other) = (dice.below(minted.len()), dice.below(minted.len()));
        let spoil = SPOILS[tried % SPOILS.len()];
        let path = spoil(&mut dice, &minted[at].host, &minted[at].token, &minted[other].token);
        if good.contains(&path) {
            unchanged += 1;
            continue;
        }
        let answer = opener.open(path.as_bytes(), &[A, B], NOW);
        assert!(answer.is_err(), "{path}");
        *answers
            .entry(answer.map(Verified::into_inner).map_err(|Damaged| Damaged.to_string()).unwrap_err())
            .or_insert(0) += 1;
        tried += 1;
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(unchanged < tried / 20, "{unchanged}");
    assert!(good.iter().all(|path| opener.open(path.as_bytes(), &[A], NOW).is_ok()));
}

#[test]
fn no_tenants_link_opens_for_another() {
    let ring = ring();
    let (ours, theirs) = (ring.opener(&[A]), ring.opener(&[B]));
    let both = ring.opener(&[A, B]);
    let minter = ring.minter(B, NOW).unwrap();
    for (url, _) in SHAPES {
        let minted = minter.mint(&url::parse(url).unwrap(), &Facts { tenant: B, ..facts() }).unwrap().to_string();
        assert_eq!(ours.open(minted.as_bytes(), &[A, B], NOW), Err(Damaged));
        assert_eq!(both.open(minted.as_bytes(), &[A], NOW), Err(Damaged));
        assert!(theirs.open(minted.as_bytes(), &[B], NOW).is_ok());
        // The tenant's bytes are the fifth and sixth of the token, so its seventh and eighth characters.
        let renamed = mint(&ring, url).token;
        let at = minted.rfind('/').unwrap() + 1;
        let crossed = format!("{}{}{}", &minted[..at + 5], &renamed[5..8], &minted[at + 8..]);
        assert_eq!(both.open(crossed.as_bytes(), &[A, B], NOW), Err(Damaged));
    }
}

#[test]
fn every_single_changed_character_is_noticed() {
    let ring = ring();
    let opener = ring.opener(&[A]);
    for (url, _) in SHAPES {
        let path = mint(&ring, url).to_string();
        for at in 0..path.len() {
            for put in [b'A', b'0', b'-', b'/', b'.', b'%', b'?', 0x80] {
                let mut changed = path.clone().into_bytes();
                changed[at] = put;
                let same = changed == path.as_bytes();
                assert_eq!(opener.open(&changed, &[A], NOW).is_ok(), same, "{path} with {put} at {at}");
            }
        }
        for end in 0..path.len() {
            assert_eq!(opener.open(&path.as_bytes()[..end], &[A], NOW), Err(Damaged));
        }
    }
}
