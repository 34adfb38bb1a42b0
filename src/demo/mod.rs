//! The whole main job on one machine, with nothing to set up.
