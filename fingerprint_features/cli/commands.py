"""All commands under one name, and how errors and warnings are shown."""

import sys
import warnings

import typer

from .. import __version__
from ..answers import ArgumentError
from . import attribute, audit, cache, check, demo, detect, extract, recipes, validate, warm
from .words import say

app = typer.Typer(
    name="fingerprint-features",
    help="Find the training images of a generative model by the fingerprints they leave.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # file names may hold brackets
)
app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("extract")(extract.extract)
app.command("detect")(detect.detect)
app.command("attribute")(attribute.attribute)
app.command("audit")(audit.audit)
app.command("recipes")(recipes.recipes)
app.command("validate")(validate.validate)
app.command("warm")(warm.warm)
app.add_typer(cache.app, name="cache")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fingerprint_features {__version__}")
        raise typer.Exit


@app.callback()
def _options(version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True)):
    pass


def _show_each_warning_once():
    """Return what prints the text of a warning, without the line of code it came from, unless it has done so."""
    shown = set()

    def show(message, category, filename, lineno, file=None, line=None):
        if str(message) not in shown:
            shown.add(str(message))
            say(f"warning: {message}", err=True)

    return show


def _escape_what_the_terminal_cannot_show():
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def run() -> None:
    """Run the command that the arguments of the process name."""
    _escape_what_the_terminal_cannot_show()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_each_warning_once()
            app()
    except (ValueError, OSError, ImportError) as error:
        say(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, ArgumentError) else 1)
