//! What a bad link and a lookup cost: no allocation. In a binary of its own, because it counts the allocations of all that runs.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
    sync::Arc,
};

use sekisho::{
    base::{MessageHash, RecipientHash, TenantId, Timestamp},
    link::{Facts, KeyState, Keyring, Minted, Place},
    list::{Context, Index as _, Seed, Tables, parse},
    url,
};

struct Counting;

thread_local! {
    // Of this thread alone: the test harness allocates when it likes.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends has no cell any more, and nothing to count.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// An allocator cannot be written without `unsafe`; this one hands every call on to the system's, unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
const A: TenantId = TenantId(1);

fn allocations(of: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    of();
    ALLOCATIONS.get() - before
}

fn mint(ring: &Keyring, tenant: TenantId, url: &str) -> Minted {
    let (message, recipient) = (MessageHash([1; 8]), RecipientHash([2; 8]));
    let facts = Facts { tenant, place: Place::Html, issued: NOW, message, recipient };
    ring.minter(tenant, NOW).unwrap().mint(&url::parse(url).unwrap(), &facts).unwrap()
}

#[test]
fn nothing_is_allocated_before_the_tag_is_proven() {
    let ring = Keyring::generate([1; 32], NOW);
    let opener = ring.opener(&[A, TenantId(2)]);
    let long = format!("https://www.shop.example/{}", "x".repeat(16_000));
    let good: Vec<Minted> =
        ["https://www.shop.example/a", "https://[2001:db8::1]/", &long].iter().map(|url| mint(&ring, A, url)).collect();
    let mut bad: Vec<String> =
        ["", "/", "/a/b", "/-/1", "//", "/~/preview/a/b", "/www.shop.example/"].map(String::from).into();
    for Minted { host, token, .. } in &good {
        let end = token.len();
        bad.extend([
            format!("/{host}/{}A{}", &token[..40], &token[41..]),
            format!(
                "/{host}/{}{}",
                &token[..end - 9],
                if token.ends_with("AAAAAAAA1") { "BBBBBBBB1" } else { "AAAAAAAA1" }
            ),
            format!("/{host}/{}", &token[..end - 1]),
            format!("/{host}/{}1", &token[..end - 5]),
            format!("/{host}/B{}", &token[1..]),
            format!("/{host}/{token}/"),
            format!("/{host}/{token}1"),
            format!("/{host}/{}", token.to_lowercase()),
            format!("/other.shop.example/{token}"),
        ]);
    }
    bad.push(mint(&ring, TenantId(2), "https://www.shop.example/").to_string());
    bad.push(mint(&Keyring::generate([9; 32], NOW), A, "https://www.shop.example/").to_string());
    bad.push(format!("/www.shop.example/{}", "A".repeat(1 << 20)));
    for path in &bad {
        let mut opened = true;
        let used = allocations(|| opened = black_box(opener.open(black_box(path.as_bytes()), &[A], NOW)).is_ok());
        assert_eq!((opened, used), (false, 0), "{path:.80}");
    }
    // The counter counts: a link that is proven is read into memory of its own.
    for minted in &good {
        let path = minted.to_string();
        let used = allocations(|| assert!(opener.open(path.as_bytes(), &[A], NOW).is_ok()));
        assert!((1..100).contains(&used), "{used}");
    }
    assert!(ring.keys().all(|key| key.state() == KeyState::Signing));
}

#[test]
fn a_lookup_in_lists_allocates_nothing() {
    let suffixes = url::Suffixes::builtin();
    let context = Context { suffixes: &suffixes, own_hosts: &[], never_block: None };
    let text = "shop.example ; reason=\"why\" by=me until=2030-01-31 ref=INC-7\n*.shop.example\n=a.shop.example\n\
                shop.example/x/*\nshop.example/x/y/*\n=https://a.shop.example/x/y/z\n203.0.113.0/24\n203.0.113.7\n\
                [2001:db8::]/32\nsha256:abababababababababababababababababababababababababababababababab\n";
    let (list, bad) = parse("l", text, &context);
    assert!(bad.is_empty(), "{bad:?}");
    let index = Tables::of_lists(&[Arc::new(list)], Seed([7; 16])).unwrap();
    let deep = format!("https://{}a.shop.example/x/y/z", "b.".repeat(40));
    for (text, wanted) in [
        ("https://a.shop.example/x/y/z", 6),
        (&*deep, 4),
        ("http://203.0.113.7/", 2),
        ("http://[2001:db8::1]/", 1),
        ("https://other.example/x/y/z", 0),
    ] {
        let key = url::parse(text).unwrap().canonical();
        let mut found = 0;
        let used =
            allocations(|| index.lookup(black_box(&key), NOW, &mut |hit| found += usize::from(hit.entry.line > 0)));
        assert_eq!((found, used), (wanted, 0), "{text}");
    }
    let mut found = 0;
    let used = allocations(|| index.lookup_file(&[0xab; 32], NOW, &mut |_| found += 1));
    assert_eq!((found, used), (1, 0));
}
