"""Running commands in this process."""

import sys

import pytest

from fingerprint_features.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process; return (exit code, what it printed, its error output)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["fingerprint-features", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return call
