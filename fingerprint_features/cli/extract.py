"""fingerprint-features extract: a folder of images in, one table of features out."""

import csv
import os
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..extractors import list_extractors, make_extractor
from ..images.errors import ImageReadError, printable
from ..pipeline import FeaturePipeline
from .options import Folder, Page, Progress, Size, ValueRange, open_folder


def extract(
    folder: Folder,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .npz, .csv or .parquet.")],
    extractors: Annotated[
        str, typer.Option(help=f"Comma-separated names out of: {', '.join(list_extractors())}.")
    ] = "lbp,glcm,gabor,phash",
    cache: Annotated[Path | None, typer.Option(help="File that keeps rows for the next call.")] = None,
    jobs: Annotated[int, typer.Option(help="Threads; -1 takes all cores.")] = 1,
    size: Size = None,
    value_range: ValueRange = None,
    page: Page = None,
    on_error: Annotated[
        str, typer.Option(help="'raise' stops after naming every bad file; 'nan' leaves a row of NaN for each.")
    ] = "raise",
    progress: Progress = True,
):
    """Extract features of every image below FOLDER into a table with ids and column names."""
    write = _WRITERS.get(output.suffix.lower())
    if write is None:
        raise typer.BadParameter(f"-o must end in {', '.join(_WRITERS)}, got {printable(output)!r}")
    if not output.parent.is_dir():
        raise typer.BadParameter(f"the folder of {printable(output)!r} does not exist")
    if output.is_dir():
        raise typer.BadParameter(f"{printable(output)!r} is a folder")
    if not os.access(output.parent, os.W_OK):
        raise typer.BadParameter(f"the folder of {printable(output)!r} cannot be written")
    if cache is not None and not _may_be_cache(cache):
        raise typer.BadParameter(f"{printable(cache)!r} is no feature cache: --cache names a file of its own")
    if write is _write_parquet:
        _parquet()  # a missing package is known before hours of extraction
    images = open_folder(folder, size, value_range, page)
    features = FeaturePipeline(
        [make_extractor(name.strip()) for name in extractors.split(",")],
        cache=cache,
        n_jobs=jobs,
        progress=progress,
        on_error=on_error,
    )
    try:
        rows = features.fit_transform(images)
    except ImageReadError as error:
        hint = "--on-error nan writes the other rows" + ("; they are in the cache already" if cache else "")
        raise ValueError(f"{error}\n{hint}") from error
    columns = features.get_feature_names_out()
    # A half-written table must never pass for a whole one.
    handle, temporary = tempfile.mkstemp(dir=output.parent, prefix=f".{output.stem}-", suffix=output.suffix)
    os.close(handle)
    try:
        write(temporary, images.ids, columns, rows)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # a temporary file is its owner's alone
        os.replace(temporary, output)
    except BaseException:
        os.unlink(temporary)
        raise
    typer.echo(f"{printable(output)}: {rows.shape[0]} images x {rows.shape[1]} columns")


def _may_be_cache(path):
    """Tell whether a mistyped name would put the user's own file aside for a new cache."""
    if not path.is_file() or path.stat().st_size == 0:
        return not path.is_dir()
    with open(path, "rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _write_npz(path, ids, columns, rows):
    np.savez(path, features=rows, ids=ids, columns=columns.astype(str))


def _write_csv(path, ids, columns, rows):
    # surrogateescape: a file name that is not UTF-8 keeps its bytes
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *columns])
        writer.writerows([id, *map(str, row)] for id, row in zip(ids, rows, strict=True))


def _write_parquet(path, ids, columns, rows):
    pyarrow, parquet = _parquet()
    names = [
        id.encode("utf-8", "backslashreplace").decode() for id in ids
    ]  # as in the other formats, but for bytes that are not UTF-8
    arrays = [pyarrow.array(names), *(pyarrow.array(column) for column in np.ascontiguousarray(rows.T))]
    parquet.write_table(pyarrow.table(arrays, names=["id", *columns]), path)


def _parquet():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError("writing .parquet needs pyarrow: pip install 'fingerprint_features[frames]'") from error
    return pyarrow, pyarrow.parquet


_WRITERS = {".npz": _write_npz, ".csv": _write_csv, ".parquet": _write_parquet}
