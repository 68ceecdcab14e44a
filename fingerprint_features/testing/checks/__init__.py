"""The checks themselves, one theme a file; each is a function of one Case that raises AssertionError."""
