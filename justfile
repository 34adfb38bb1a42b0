# `just` shows this list. Everything here also works without just; see the commands.

_list:
    @just --list

# The whole gate: format, lints, tests, documentation, licences (installs what is missing).
check:
    scripts/test

# Format and fix what can be fixed.
fix:
    cargo fmt
    cargo clippy --fix --all-targets --allow-dirty --allow-staged

# Tests alone; `just test click::` narrows them.
test *filter:
    cargo test {{filter}}

# Kill a server in a storm of clicks, a hundred times, and look for every event afterwards.
crash:
    cargo test --test it crash:: -- --ignored --nocapture

# Write what is made from code: docs/CONFIGURATION.md, docs/METRICS.md, docs/openapi.json, docs/HTML.md.
docs:
    cargo run --quiet -- config reference > docs/CONFIGURATION.md.new
    mv docs/CONFIGURATION.md.new docs/CONFIGURATION.md
    cargo run --quiet -- config metrics > docs/METRICS.md.new
    mv docs/METRICS.md.new docs/METRICS.md
    cargo run --quiet -- config openapi > docs/openapi.json.new
    mv docs/openapi.json.new docs/openapi.json
    SEKISHO_BLESS=1 cargo test --quiet --test it the_manual_has_the_table

# Send a message to yourself and click it.
demo:
    cargo run --quiet -- demo

# Measure: `just perf quick` in a minute or two, `just perf full` writes docs/PERFORMANCE.md, `just perf limits`.
perf *how:
    scripts/perf {{how}}
