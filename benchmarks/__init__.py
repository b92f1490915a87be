"""How fast it is, beside what it is held against: `make bench` writes RESULTS.md."""
