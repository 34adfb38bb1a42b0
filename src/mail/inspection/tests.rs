use std::sync::Mutex;

use super::*;

/// Does with each message what the test says.
struct Told(Mutex<Box<Work>>);

type Work = dyn FnMut(&Letter) -> Result<Examined, Failed> + Send;

impl Examiner for Told {
    fn examine(&self, letter: &Letter) -> Result<Examined, Failed> {
        let mut told = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (*told)(letter)
    }
}

fn rules() -> Rules {
    Rules {
        inbound: OnFailure::TryAgain,
        outgoing: OnFailure::Accept,
        large: OnLarge::Reject,
        message_bytes: 1 << 20,
        malicious: OnMalicious::Quarantine,
        suspicious: OnSuspicious::Mark,
        unproven: OnUnproven::Tell,
        poison: OnPoison::Quarantine,
        attempts: 3,
        patience: Duration::from_secs(60),
    }
}

struct Bench {
    inspection: Inspection,
    _folder: tempfile::TempDir,
}

fn bench(rules: Rules, told: impl FnMut(&Letter) -> Result<Examined, Failed> + Send + 'static) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let attempts = Attempts::open(folder.path()).unwrap();
    let inspection = Inspection::new(Arc::new(Told(Mutex::new(Box::new(told)))), rules, attempts, 2);
    Bench { inspection, _folder: folder }
}

fn letter(raw: &str, way: Way) -> Arc<Letter> {
    Arc::new(Letter { raw: raw.into(), way, ..Letter::default() })
}

const RAW: &str = "A: b\r\nX-Sekisho-Verdict: clean\r\nx-sekisho: v1\r\n\r\nbody";

fn same(letter: &Letter, tier: Tier) -> Examined {
    Examined { message: letter.raw.clone(), top: Vec::new(), tier, why: "100% bad\r\nX: y".into(), asked: None }
}

#[tokio::test]
async fn a_message_is_marked_or_kept_aside_by_the_worst_link_in_it() {
    for (tier, aside, verdict) in [
        (Tier::Clean, None, None),
        (Tier::Suspicious, None, Some("suspicious; 100_ bad__X: y")),
        (Tier::Malicious, Some("100_ bad__X: y"), Some("malicious; 100_ bad__X: y")),
    ] {
        let bench = bench(rules(), move |letter| Ok(same(letter, tier)));
        let disposal = bench.inspection.of(&letter(RAW, Way::Inbound)).await;
        let top = verdict.map(|verdict| (VERDICT.to_owned(), verdict.to_owned())).into_iter().collect();
        assert_eq!(
            disposal,
            Disposal::Deliver { message: RAW.into(), top, aside: aside.map(str::to_owned), examined: true }
        );
    }
    let refusing = Rules { malicious: OnMalicious::Reject, ..rules() };
    let bench = bench(refusing, |letter| Ok(same(letter, Tier::Malicious)));
    assert!(matches!(bench.inspection.of(&letter(RAW, Way::Inbound)).await, Disposal::Reject(_)));
}

#[tokio::test]
async fn what_fails_is_kept_or_says_of_itself_that_nobody_looked_at_it() {
    let failing = bench(rules(), |_| Err(Failed::Ours("the disk is full".into())));
    assert!(matches!(failing.inspection.of(&letter(RAW, Way::Inbound)).await, Disposal::TryAgain(_)));
    let Disposal::Deliver { message, top, aside, examined: false } =
        failing.inspection.of(&letter(RAW, Way::Outgoing)).await
    else {
        panic!("it is kept")
    };
    assert_eq!((&*message, aside), (&b"A: b\r\n\r\nbody"[..], None));
    assert_eq!(top, [(UNEXAMINED.to_owned(), "the disk is full".to_owned())]);
    assert_eq!(failing.inspection.counts().of(Count::Unexamined), 1);
}

#[tokio::test]
async fn a_panic_and_a_message_that_cannot_be_read_come_to_an_end_and_our_own_failure_does_not() {
    for message_is_bad in [true, false] {
        let bench = bench(rules(), move |_| {
            assert!(!message_is_bad, "on purpose");
            Err(Failed::Message("too deep".into()))
        });
        for _ in 0..3 {
            let disposal = bench.inspection.of(&letter(RAW, Way::Inbound)).await;
            assert!(matches!(disposal, Disposal::TryAgain(_)), "{disposal:?}");
        }
        let Disposal::Deliver { message, top, aside, examined: false } =
            bench.inspection.of(&letter(RAW, Way::Inbound)).await
        else {
            panic!("it is tried without end")
        };
        let said = "the message could not be examined 3 times";
        assert_eq!((&*message, &*aside.unwrap()), (&b"A: b\r\n\r\nbody"[..], said));
        assert_eq!(top, [(UNEXAMINED.to_owned(), said.to_owned())]);
        // Another message is none of that.
        let other = bench.inspection.of(&letter("A: c\r\n\r\n", Way::Inbound)).await;
        assert!(matches!(other, Disposal::TryAgain(_)));
    }
    let bench = bench(rules(), |_| Err(Failed::Ours("the disk is full".into())));
    for _ in 0..9 {
        assert!(matches!(bench.inspection.of(&letter(RAW, Way::Inbound)).await, Disposal::TryAgain(_)));
    }
}

#[tokio::test]
async fn what_takes_too_long_is_kept_and_its_place_is_not_given_away() {
    let (begin, begun) = std::sync::mpsc::channel::<()>();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    // No time at all: whoever does not answer at once is late.
    let bench = bench(Rules { patience: Duration::ZERO, ..rules() }, move |letter| {
        let _ = begin.send(());
        let _ = ended.recv();
        Ok(same(letter, Tier::Clean))
    });
    let late = bench.inspection.of(&letter(RAW, Way::Inbound)).await;
    assert!(matches!(late, Disposal::TryAgain(_)));
    assert_eq!(bench.inspection.counts().of(Count::Late), 1);
    begun.recv().unwrap();
    assert_eq!(bench.inspection.room.available_permits(), 1);
    drop(end);
}

#[tokio::test]
async fn one_that_is_too_large_ends_as_the_operator_chose() {
    let of = |large| {
        let bench = bench(Rules { large, ..rules() }, |_| panic!("it is not examined"));
        bench.inspection.of_large(&letter(RAW, Way::Inbound))
    };
    assert_eq!(of(OnLarge::Reject), Disposal::Reject("the message has more than 1 MB".into()));
    assert!(matches!(of(OnLarge::TryAgain), Disposal::TryAgain(_)));
    assert!(matches!(of(OnLarge::Accept), Disposal::Deliver { aside: None, .. }));
}

#[tokio::test]
async fn a_message_that_its_domain_does_not_stand_behind_is_told_marked_or_treated_as_its_owner_asks() {
    let of = async |unproven, asked, tier| {
        let bench = bench(Rules { unproven, ..rules() }, move |letter| Ok(Examined { asked, ..same(letter, tier) }));
        bench.inspection.of(&letter(RAW, Way::Inbound)).await
    };
    let marks = |disposal: &Disposal| match disposal {
        Disposal::Deliver { top, aside, .. } => {
            (top.iter().filter(|(name, _)| name == VERDICT).map(|(_, value)| value.clone()).collect(), aside.is_some())
        }
        other => panic!("{other:?}"),
    };
    let nothing = (Vec::<String>::new(), false);
    for asked in [None, Some(Wish::Nothing), Some(Wish::Quarantine), Some(Wish::Reject)] {
        assert_eq!(marks(&of(OnUnproven::Tell, asked, Tier::Clean).await), nothing, "{asked:?}");
    }
    for asked in [None, Some(Wish::Nothing)] {
        assert_eq!(marks(&of(OnUnproven::Mark, asked, Tier::Clean).await), nothing);
        assert_eq!(marks(&of(OnUnproven::Follow, asked, Tier::Clean).await), nothing);
    }
    let (marked, aside) = marks(&of(OnUnproven::Mark, Some(Wish::Reject), Tier::Clean).await);
    assert!(marked.len() == 1 && marked[0].starts_with("suspicious; nothing proves") && !aside, "{marked:?}");
    // One mark is enough, and that of a link says more.
    let (marked, _) = marks(&of(OnUnproven::Mark, Some(Wish::Reject), Tier::Suspicious).await);
    assert_eq!(marked, ["suspicious; 100_ bad__X: y"]);
    assert_eq!(marks(&of(OnUnproven::Follow, Some(Wish::Quarantine), Tier::Clean).await), (Vec::new(), true));
    let refused = of(OnUnproven::Follow, Some(Wish::Reject), Tier::Clean).await;
    assert!(matches!(&refused, Disposal::Reject(why) if why.starts_with("nothing proves")), "{refused:?}");
}

/// Fails, and says what may go on.
struct Fails;

impl Examiner for Fails {
    fn examine(&self, _: &Letter) -> Result<Examined, Failed> {
        Err(Failed::Ours("no".into()))
    }

    fn unexamined(&self, _: &[u8]) -> Vec<u8> {
        b"Clean: yes\r\nX-Sekisho-Verdict: clean\r\n\r\n".to_vec()
    }
}

#[tokio::test]
async fn what_goes_on_unexamined_says_nothing_that_only_an_examination_may_say() {
    let folder = tempfile::tempdir().unwrap();
    let inspection = Inspection::new(Arc::new(Fails), rules(), Attempts::open(folder.path()).unwrap(), 1);
    let disposal = inspection.of(&letter(RAW, Way::Outgoing)).await;
    assert!(matches!(&disposal, Disposal::Deliver { message, .. } if message == b"Clean: yes\r\n\r\n"), "{disposal:?}");
}
