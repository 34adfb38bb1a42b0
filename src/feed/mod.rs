//! Keeps lists fresh: reads the files, watches them, swaps them, refuses bad ones.
