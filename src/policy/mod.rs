//! Verdict and policy to decision: pure, explained.
