//! Signals to verdict, computed at each click.
