"""fingerprint-features recipes: which published systems there are, and what each needs."""

from dataclasses import fields
from typing import Annotated

import typer

from .. import recipes as book

_SUBTASKS = {1: "detect", 2: "attribute"}
_METRICS = {"f1": "F1", "kappa": "kappa", "accuracy": "accuracy"}


def recipes(
    name: Annotated[str | None, typer.Argument(help="Describe this one.", show_default=False)] = None,
) -> None:
    """List every published system, or describe one."""
    if name is not None:
        _describe(book.info(name))
        return
    rows = [("name", "method", "for", "official score", "besides images, needs")]
    rows += [
        (about.name, about.method, _SUBTASKS[about.subtask], _score(about), ", ".join(_needs(about)) or "nothing")
        for about in map(book.info, book.names())
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    typer.echo(
        "\nOfficial scores are F1 in 2023, Cohen's kappa in 2025 (detect) and accuracy (attribute): the best of a\n"
        "system's runs in the ImageCLEFmedical GANs challenge. Systems that were not submitted have none, nor has a\n"
        "recipe that is a part of a system. What needs training fits a network: give it --preset fast on a computer\n"
        "without a graphics card.\n\nMore about one: fingerprint-features recipes NAME"
    )


def _describe(about):
    width = max(len(field.name) for field in fields(about))
    for field in fields(about):
        value = getattr(about, field.name)
        if field.name in ("overrides", "fast"):
            value = ", ".join(f"{name}={default!r}" for name, default in value.items())
        elif isinstance(value, tuple):
            value = ", ".join(map(str, value))
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif field.name == "score" and value is not None:
            value = f"{value:.3f} ({_METRICS[about.metric]})"
        elif field.name == "metric":
            value = f"{_METRICS[value]}, the official one" if about.year else _METRICS[value]
        typer.echo(f"{field.name.replace('_', ' '):{width}}  {'-' if value in (None, '') else value}")


def _needs(about):
    wants = {
        "labels": about.needs_labels,
        "generated": about.needs_reference,
        "subsets of both": about.needs_reference_labels,
        "second pool": about.needs_pool,
        "training": about.trains,
        f"weights of {about.overrides.get('backbone')}": about.needs_weights,
    }
    return [what for what, wanted in wants.items() if wanted]


def _score(about):
    return "-" if about.score is None else f"{_METRICS[about.metric]} {about.score:.3f}"
