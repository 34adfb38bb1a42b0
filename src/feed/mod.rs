//! Keeps lists fresh: reads every `*.list` file of a folder, watches them, and swaps what is in force.
//!
//! A save counts within a second; readers take a [`Snapshot`] and never wait. What cannot be right never replaces what
//! was: a file with a bad line keeps its last good version in force and says so in [`State`], while the other files
//! load. Where a file was never good, its good lines count and the state says degraded. A deleted file counts after two
//! seconds, so that an editor that saves by renaming never lifts a block for a moment; a long list that becomes empty
//! wants `@confirm empty`.
//!
//! A list of over a megabyte is compiled to the disk by a thread of its own ([`Long`]), so that it takes no memory, no
//! edit of another list waits for it, and a start uses what was compiled before. Each generation is written aside, read
//! back, and renamed; the one before stays, and is in force where the newest cannot be read.

mod compiled;
mod folder;
mod in_force;
mod kept;
mod live;
mod loader;
mod long;
mod map;
mod scratch;
mod secret;
mod seed;
mod state;
mod watch;

pub use compiled::{CompileError, Compiled, Draft, Progress};
pub use folder::{MAX_FILE_BYTES, MAX_FILES, OF_OTHERS, check};
pub use live::{FeedError, LiveLists, Settings, Snapshot};
pub use loader::{DELETION_DELAY_MILLIS, LONG_LIST};
pub use long::{LONG_FILE_BYTES, Long};
pub use secret::index_of;
pub use seed::seed;
pub use state::{Change, Changed, FileState, Problem, ReloadReport, Standing, State};
