//! The use case of a click: open the link, look its destination up, decide, answer, record. No HTTP and no HTML.
//!
//! Promises that a link which cannot be proven never redirects and always gets the same answer; that the verdict is
//! computed anew at each step, so that a way on cannot outlive a block; that no destination is opened, asked or used up
//! here; that nothing is waited for. Refuses to send on previewers and browsers that fetch ahead.

mod actor;
mod again;
mod answer;
mod brand;
mod case;
mod checkpoint;
mod decode;
mod destination;
mod entropy;
mod page;
mod rates;
mod report;
mod site;

pub use actor::Hints;
pub use again::{AT_ONCE, Again, LISTED_MOST, ROUNDS};
pub use answer::Answer;
pub use brand::{Brand, Color, Logo};
pub use checkpoint::{Asks, Checkpoint, Form, ONWARD_FOR, Parts, REASON_MAX, Request, Word};
pub use decode::{Decoded, Decoder};
pub use destination::Destination;
pub use entropy::{Entropy, SystemEntropy};
pub use page::{
    BadMailAddress, Barrier, Checking, Damaged, Fate, House, Left, MailAddress, Onward, Page, Preview, Reason,
    ReasonAsked, ReportWay, Reported, Stop, Ways, Would,
};
pub use report::{REPORT_DAYS, REPORT_FOR, REPORT_MAX};
pub use site::{Spot, Tenant};
