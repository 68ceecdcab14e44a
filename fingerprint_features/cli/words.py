"""The command's own words: messages of the package name arguments of functions, and a command has options."""

import re

import typer

_OPTIONS = (
    *("candidates", "generated", "used", "unused", "holdout", "known_generated", "pool"),
    *("real", "labelled_generated", "recipe", "patients", "on_error", "page", "cache"),
    *("preset", "backbone", "weights", "epochs", "device", "foreign", "prior"),
)
_OTHER_NAMES = {  # options that are called otherwise than the argument
    **{"groups": "patients", "methods": "recipe", "randomized_split": "random-split"},
    **{"n_permutations": "permutations", "random_state": "seed"},
}
_NAMES = "|".join((*_OPTIONS, *_OTHER_NAMES))
_PHRASES = (
    (r"ImageSet\(\w+, size=\((\d+), (\d+)\)\)(?: or --size \w+)?", r"--size \1x\2"),
    (
        r"ImageSet\(\w+, options=DecodeOptions\(value_range=\(low, high\)\)\)"
        r"|DecodeOptions\(value_range=\(low, high\)\)"
        r"|value_range=\(low, high\)",
        "--value-range=LOW,HIGH",
    ),
    (r"DecodeOptions\(page=(\d+)\)", r"--page \1"),
    (r"raise DecodeOptions\(max_pixels=\.\.\.\)", "open it from Python with DecodeOptions(max_pixels=...)"),
    (r" \(see drop_failed\)", ""),
    (r"has no override '(backbone|weights)'.*", r"has no network: leave out --\1"),
    (r"has no override '(epochs|device)'.*", r"trains no network: leave out --\1"),
    (r"\bfitted=", "--load"),
    (r"\brandomized_split=True", "--random-split"),
    (rf"\b({_NAMES})=['\"]([^'\"]*)['\"]", lambda found: f"{_flag(found[1])} {found[2]}"),
    (rf"\b({_NAMES})=(?![=\w])", lambda found: _flag(found[1])),
)


def in_options(text: object) -> str:
    """Return a text in which arguments of functions are options of the command.

    >>> in_options("give used= and unused=, or patients='none'")
    'give --used and --unused, or --patients none'
    """
    text = str(text)
    for pattern, words in _PHRASES:
        text = re.sub(pattern, words, text)
    return text


def say(text: object = "", *, err: bool = False) -> None:
    """Print a text in the command's own words."""
    typer.echo(in_options(text), err=err)


def _flag(name):
    return f"--{_OTHER_NAMES.get(name, name).replace('_', '-')}"
