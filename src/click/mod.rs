//! The use case of a click: open, look up, decide, answer, record.

mod page;

pub use page::{
    BadMailAddress, Barrier, Damaged, Destination, House, MailAddress, Onward, Page, Preview, Reason, ReasonAsked,
    Stop, Would,
};
