"""fingerprint-features cache: what a cache file holds, and how to make it smaller."""

from pathlib import Path
from typing import Annotated

import typer

from ..cache import FeatureCache
from ..images.errors import printable

app = typer.Typer(
    help="Show what a cache file holds, make it smaller, empty it, or merge shards into it.", no_args_is_help=True
)

CacheFile = Annotated[Path, typer.Argument(help="The cache file.", show_default=False)]


@app.command()
def info(file: CacheFile) -> None:
    """Print how many rows FILE holds, by extractor."""
    facts = _existing(file).info()
    typer.echo(f"{printable(file)}: {facts['rows']} rows, {facts['bytes'] / 1e6:.1f} MB")
    for entry in facts["extractors"]:
        params = ", ".join(f"{name}={value}" for name, value in entry["params"].items())
        kind = entry["class"].rsplit(".", 1)[-1]
        text = printable(f"{kind}({params})")
        typer.echo(f"  {entry['rows']:>8} rows x {len(entry['columns'])} columns  {text}")


@app.command()
def prune(
    file: CacheFile,
    max_mb: Annotated[float | None, typer.Option(min=0, help="Drop the oldest rows until FILE is no larger.")] = None,
    older_than_days: Annotated[
        float | None, typer.Option(min=0, help="Drop rows that were written longer ago.")
    ] = None,
) -> None:
    """Drop old rows from FILE, oldest first."""
    if max_mb is None and older_than_days is None:
        raise typer.BadParameter("say what to drop: --max-mb or --older-than-days")
    max_bytes = None if max_mb is None else int(max_mb * 1e6)
    dropped = _existing(file).prune(max_bytes=max_bytes, older_than_days=older_than_days)
    typer.echo(f"{printable(file)}: {dropped} rows dropped")


@app.command()
def clear(file: CacheFile) -> None:
    """Drop every row of FILE."""
    cache = _existing(file)
    rows = len(cache)
    cache.clear()
    typer.echo(f"{printable(file)}: {rows} rows dropped")


@app.command()
def export(file: CacheFile, shard: Annotated[Path, typer.Argument(help="Shard to write.", show_default=False)]) -> None:
    """Write all rows of FILE as one shard: a file that never changes, safe on network disks."""
    _existing(file).export(shard)
    typer.echo(f"{printable(shard)} written")


@app.command()
def merge(
    file: CacheFile, shards: Annotated[list[Path], typer.Argument(help="Shards to read.", show_default=False)]
) -> None:
    """Add the rows of shards to FILE."""
    cache = FeatureCache(file)
    before = len(cache)
    cache.merge(shards)
    typer.echo(f"{printable(file)}: {len(cache) - before} rows added")


def _existing(file: Path) -> FeatureCache:
    if not file.is_file():
        raise FileNotFoundError(f"{printable(file)} is not a file: pass the cache file")
    return FeatureCache(file)
