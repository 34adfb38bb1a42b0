use super::{Checkpoint, Fate, Form, Page, ReportWay, Reported, Request, Spot, checkpoint::plain};
use crate::{
    base::{ClickId, Timestamp},
    link::own_path,
    store::{Filed, NewReport},
};

/// How long a page takes a report, in milliseconds; nearly as long as keys prove a nonce.
pub const REPORT_FOR: i64 = 55 * 60 * 1000;
/// Longest report that is kept, in characters.
pub const REPORT_MAX: usize = 300;
/// Within how many days a report is answered where no tenant says otherwise.
pub const REPORT_DAYS: u32 = 3;
const DAY: i64 = 24 * 60 * 60 * 1000;

impl Checkpoint {
    /// The form with which the page of `click` is reported. `spot` is that of the link; none where it was damaged.
    pub(super) fn report_way(&self, spot: Spot<'_>, link: Option<&[u8]>, click: ClickId, now: Timestamp) -> ReportWay {
        let own = link.and_then(|path| std::str::from_utf8(path).ok()).unwrap_or_default();
        let nonce = self.parts.nonces.issue(click, &subject(own.as_bytes()), now.plus_millis(REPORT_FOR));
        ReportWay { path: spot.ours(&format!("/report{own}")), nonce }
    }

    /// What the form of a page reports, ready to be filed: the nonce says which click it is about. Error: the page for
    /// whoever has none that is good.
    pub fn report(&self, request: &Request<'_>, form: &Form<'_>) -> Result<NewReport, Page> {
        let (spot, now) = (request.spot, self.parts.clock.now());
        let own = own_path(spot.path()).unwrap_or_default();
        let proven = form.nonce.and_then(|nonce| self.parts.nonces.check(nonce, &subject(own), now));
        let Some(click) = proven else {
            let house = spot.site.house.clone();
            return Err(Page::Reported(Reported { reference: None, house, fate: Fate::TooOld }));
        };
        // The page was shown, so the link is as good as it was then: a log that vouched for it is not asked twice.
        let link = self.parts.opener.open_with(own, spot.allowed(), now, &|_| true).ok();
        let tenant = link.as_ref().map(|link| link.facts.tenant).or(spot.only_tenant());
        let days = tenant.and_then(|id| self.sites.tenant(id)).map_or(REPORT_DAYS, |tenant| tenant.report_days);
        Ok(NewReport {
            time: now,
            click,
            tenant,
            link: link.as_ref().map(|link| link.id),
            message: link.as_ref().map(|link| link.facts.message),
            url: link.map(|link| link.destination.as_str().to_owned()),
            text: form.reason.and_then(|text| plain(text, REPORT_MAX)),
            due: now.plus_millis(i64::from(days) * DAY),
        })
    }

    /// Files a report. Writes to the disk: not for a thread that answers others meanwhile.
    pub fn file(&self, report: &NewReport) -> Fate {
        match self.parts.store.file_report(report) {
            Ok(Filed::Kept) => Fate::Kept { days: days(report) },
            Ok(Filed::Known) => Fate::Known,
            Ok(Filed::Full) => {
                tracing::error!("a report was not kept: too many wait for an answer");
                Fate::Lost
            }
            Err(error) => {
                tracing::error!(%error, "a report was not kept");
                Fate::Lost
            }
        }
    }

    /// The page that says what became of a report.
    pub fn reported(&self, spot: Spot<'_>, report: &NewReport, fate: Fate) -> Page {
        let house = report.tenant.and_then(|id| self.sites.tenant(id)).map(|tenant| tenant.house.clone());
        let house = house.unwrap_or_else(|| spot.site.house.clone());
        Page::Reported(Reported { reference: Some(report.click), house, fate })
    }
}

fn days(report: &NewReport) -> u32 {
    u32::try_from(report.due.millis_since(report.time) / DAY).unwrap_or(u32::MAX)
}

/// What the nonce of a report is bound to: the link itself, and that it is no way on.
fn subject(own: &[u8]) -> Vec<u8> {
    [own, b"\0report"].concat()
}
