//! Listeners, limits and drain; pages and locales.
