//! Verdict and policy to decision: pure, explained.
//!
//! A policy is data: one action for each tier of a verdict, what the silence of a source means, and the switches
//! (ask? override? log?; whether to wrap is the rewriter's), with a name and a version. It promises that every verdict
//! gets a decision, that a worse tier never gets a milder action, and that each decision says in a plain sentence which
//! entry, which fact or which silence made it. It refuses tables that would be milder to what is worse.

mod actions;
mod decide;
mod preset;
mod switches;

pub use actions::{Actions, MilderWhenWorse};
pub use decide::{decide, from_outside, waits};
pub use preset::{Policy, Preset, UnknownPreset};
pub use switches::{Checking, Log, Need, Needs, Override, Scan};
