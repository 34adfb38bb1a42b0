use crate::url::WebUrl;

/// What stands for the owner where a short URL is told of.
pub(super) const NAME: &str = "URL shortener";

/// Hosts that hold nothing but short URLs; sorted. Where one leads only its owner can tell.
pub(super) const SHORTENERS: &[&str] = &[
    "aka.ms",
    "amzn.eu",
    "amzn.to",
    "bit.do",
    "bit.ly",
    "bitly.com",
    "buff.ly",
    "chilp.it",
    "clck.ru",
    "cutt.ly",
    "db.tt",
    "fb.me",
    "forms.gle",
    "g.co",
    "goo.gl",
    "goo.su",
    "ift.tt",
    "is.gd",
    "j.mp",
    "kutt.it",
    "lnkd.in",
    "msft.it",
    "ow.ly",
    "qr.ae",
    "qrco.de",
    "rb.gy",
    "rebrand.ly",
    "s.id",
    "shorte.st",
    "shorturl.at",
    "snip.ly",
    "soo.gd",
    "spr.ly",
    "surl.li",
    "t.cn",
    "t.co",
    "t.ly",
    "t2m.io",
    "tiny.cc",
    "tiny.one",
    "tinyurl.com",
    "trib.al",
    "u.to",
    "urlz.fr",
    "v.gd",
    "vk.cc",
    "w.wiki",
    "wp.me",
    "x.gd",
];

/// Whether `url` is a short URL. The front page of a shortener is not.
pub(super) fn is_shortener(url: &WebUrl) -> bool {
    let host = url.host_str();
    let host = host.strip_prefix("www.").unwrap_or(host);
    SHORTENERS.binary_search(&host).is_ok() && url.after_host().len() > 1
}
