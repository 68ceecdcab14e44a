"""fingerprint-features extract: a folder of images in, one table of features out."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..extractors import list_extractors, make_extractor
from ..extras import imported
from ..files import replacing
from ..images.errors import ImageReadError, printable
from ..pipeline import FeaturePipeline
from .options import Folder, Jobs, Page, Progress, RowCache, Size, ValueRange, check_jobs, open_folder
from .output import check_apart, check_cache, check_output, write_csv


def extract(
    folder: Folder,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .npz, .csv or .parquet.")],
    extractors: Annotated[
        str, typer.Option(help=f"Comma-separated names from: {', '.join(list_extractors())}.")
    ] = "lbp,glcm,gabor,phash",
    cache: RowCache = None,
    jobs: Jobs = 1,
    size: Size = None,
    value_range: ValueRange = None,
    page: Page = None,
    on_error: Annotated[
        str, typer.Option(help="'raise' stops after naming every bad file; 'nan' leaves a row of NaN for each.")
    ] = "raise",
    progress: Progress = True,
) -> None:
    """Extract features of every image below FOLDER into a table with ids and column names."""
    write = _WRITERS.get(output.suffix.lower())
    if write is None:
        raise typer.BadParameter(f"-o must end in {', '.join(_WRITERS)}, got {printable(output)!r}")
    check_jobs(jobs)
    check_output(output)
    check_cache(cache)
    check_apart(output=output, cache=cache)
    if on_error not in ("raise", "nan"):
        raise typer.BadParameter(f"--on-error is 'raise' or 'nan', got {on_error!r}")
    made = _make(extractors)
    if write is _write_parquet:
        _parquet()  # a missing package is known before hours of extraction
    images = open_folder(folder, size, value_range, page)
    features = FeaturePipeline(
        made,
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
    with replacing(output) as temporary:
        write(temporary, images.ids, columns, rows)
    typer.echo(f"{printable(output)}: {rows.shape[0]} images x {rows.shape[1]} columns")


def _make(names):
    try:
        return [make_extractor(name.strip()) for name in names.split(",")]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _write_npz(path, ids, columns, rows):
    np.savez(path, features=rows, ids=ids, columns=columns.astype(str))


def _write_csv(path, ids, columns, rows):
    write_csv(path, ["id", *columns], ((id, *row) for id, row in zip(ids, rows, strict=True)))


def _write_parquet(path, ids, columns, rows):
    pyarrow, parquet = _parquet()
    names = [
        id.encode("utf-8", "backslashreplace").decode() for id in ids
    ]  # the same text as in the other formats, except for bytes that are not UTF-8
    arrays = [pyarrow.array(names), *(pyarrow.array(column) for column in np.ascontiguousarray(rows.T))]
    parquet.write_table(pyarrow.table(arrays, names=["id", *columns]), path)


def _parquet():
    return tuple(
        imported(package, "frames", "writing .parquet needs pyarrow") for package in ("pyarrow", "pyarrow.parquet")
    )


_WRITERS = {".npz": _write_npz, ".csv": _write_csv, ".parquet": _write_parquet}
