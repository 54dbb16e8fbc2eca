"""Speed as ratios to a reference in the same run: `make bench`, or `python -m tests.load`."""
