"""Submission files of the ImageCLEF tasks: one ``id,label`` line an image, written and checked."""

import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_MEMBER = "run.csv"
_LARGEST = 16 << 20  # bytes; the largest official run (25,000 images) needs less than a tenth
_MOST_LISTED = 20


@dataclass(frozen=True)
class SubmissionFault:
    """One thing wrong with a submission file.

    Attributes
    ----------
    line : int or None
        Number of the line, from 1; None when the fault is the whole file's.
    kind : str
        One word: ``zip``, ``too-large``, ``encoding``, ``characters``, ``header``, ``blank``, ``fields``,
        ``unknown-id``, ``repeated-id``, ``label`` or ``missing-ids``.
    reason : str
        What is wrong and what to do about it.
    """

    line: int | None
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{'file' if self.line is None else f'line {self.line}'}: {self.reason} [{self.kind}]"


def write_submission(
    ids: Iterable[str | os.PathLike[str]],
    labels: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    id_style: str = "stem",
    label_map: Mapping[Any, int] | None = None,
    header: bool = False,
    zip: bool = False,
) -> None:
    """Write a submission file: one ``id,label`` line an image, in the order given.

    Parameters
    ----------
    ids : sequence of str
        The images' ids or paths; folders are dropped.
    labels : sequence
        The answers: whole numbers, or anything that `label_map` turns into them.
    path : path-like
        The file to write. An existing one is replaced.
    id_style : "stem" or "name", default="stem"
        Ids without their extension (2023) or with it (2025).
    label_map : mapping, default=None
        From label to number, e.g. ``{"t1": 1, "t2": 2}``.
    header : bool, default=False
        Whether to write a first line ``id,label``. The official files have none.
    zip : bool, default=False
        Whether `path` becomes a zip that holds the file as ``run.csv`` (2025).

    See Also
    --------
    validate_submission : Check any submission file before it is sent.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_submission(["real/a.png", "real/b.png"], [1, 0], f"{folder}/run.csv")
    ...     print(Path(f"{folder}/run.csv").read_text())
    a,1
    b,0
    >>> write_submission(["a.png", "a.jpg"], [1, 0], "run.csv")
    Traceback (most recent call last):
    ValueError: ids must be unique as stems; 'a' stands for 2 images
    """
    names = _styled(ids, id_style)
    content = (("id,label\n" if header else "") + _lines(names, list(labels), label_map)).encode("utf-8")
    if not zip:
        Path(path).write_bytes(content)
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # a fixed date: the same answers give the same file
        archive.writestr(zipfile.ZipInfo(_MEMBER, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def validate_submission(
    path: str | os.PathLike[str],
    ids: Iterable[str | os.PathLike[str]] | None,
    allowed: Iterable[int] = (0, 1),
    *,
    id_style: str = "stem",
    header: bool = False,
) -> list[SubmissionFault]:
    """Check a submission file against the images of the task and report all faults at once.

    Parameters
    ----------
    path : path-like
        The file, or a zip that holds it and nothing else. A zip is read in memory, never unpacked.
    ids : sequence of str or None
        Ids or paths of all the task's images. None checks everything but the ids.
    allowed : sequence of int, default=(0, 1)
        The labels allowed; ``range(1, 6)`` for the five subsets.
    id_style : "stem" or "name", default="stem"
        Ids without their extension (2023) or with it (2025).
    header : bool, default=False
        Whether the first line is a header.

    Returns
    -------
    list of SubmissionFault
        In the order of the lines; empty when the file is good.

    Notes
    -----
    The official rules of 2023: UTF-8, two comma-separated fields a line, no quoting, no header, no blank line; every id
    once, in any order; the label what Python's ``int()`` reads. White space around a field is allowed. The 2025
    tasks differ in the ids (with extension) and in the labels.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/run.csv").write_text("a,1\\nb.png,0\\nc,2\\n")
    ...     for fault in validate_submission(f"{folder}/run.csv", ["a.png", "b.png", "c.png"]):
    ...         print(fault)
    line 2: 'b.png' is not an id of this task: write 'b' [unknown-id]
    line 3: the label '2' is not one of 0, 1 [label]
    file: 1 of 3 ids is missing: 'b' [missing-ids]
    """
    known = None if ids is None else _styled(ids, id_style)
    allowed = [int(label) for label in allowed]
    content, fault = _content(Path(path))
    if fault:
        return [fault]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [SubmissionFault(line, "encoding", f"byte {content[error.start]:#04x} is not UTF-8")]
    faults = []
    if text.startswith("\ufeff"):
        faults.append(SubmissionFault(1, "encoding", "the file begins with a byte-order mark: save it as plain UTF-8"))
        text = text[1:]
    return faults + _check_lines(text, known, allowed, header)


def _check_lines(text, known, allowed, header):
    faults, first_seen = [], {}
    by_stem = {PurePosixPath(name).stem: name for name in known or ()}
    known = None if known is None else dict.fromkeys(known)
    lines = text.split("\n")  # not splitlines(), which also breaks at form feeds and other characters
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, start=1):
        if header and number == 1:
            continue
        if not line.rstrip("\r").replace("\t", " ").isprintable():
            faults.append(SubmissionFault(number, "characters", f"the line holds control characters: {_shown(line)}"))
        fields = [field.strip() for field in line.split(",")]
        if fields == [""]:
            faults.append(SubmissionFault(number, "blank", "the line is blank"))
            continue
        if len(fields) != 2:
            faults.append(SubmissionFault(number, "fields", f"{len(fields)} fields instead of 2: {_shown(line)}"))
            continue
        id, label = fields
        if id in first_seen:
            reason = f"{_shown(id)} was already given in line {first_seen[id]}"
            faults.append(SubmissionFault(number, "repeated-id", reason))
        elif known is None or id not in known:
            if number == 1 and not _reads_as_int(label):
                faults.append(SubmissionFault(1, "header", f"{_shown(line)} looks like a header: leave it out"))
                continue
            if known is not None:
                faults.append(SubmissionFault(number, "unknown-id", _unknown(id, known, by_stem)))
        first_seen.setdefault(id, number)
        if not _reads_as_int(label) or int(label) not in allowed:
            names = ", ".join(map(str, allowed))
            faults.append(SubmissionFault(number, "label", f"the label {_shown(label)} is not one of {names}"))
    missing = [id for id in known or () if id not in first_seen]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        reason = f"{len(missing):,} of {len(known):,} ids {verb} missing: {_listed(missing)}"
        faults.append(SubmissionFault(None, "missing-ids", reason))
    return faults


def _content(path):
    """Return the bytes of the run, from the file or from inside the zip, and the fault that prevents it."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no submission file {os.fspath(path)!r}")
    if path.stat().st_size > _LARGEST:
        return b"", _too_large(path.stat().st_size)
    if path.suffix.lower() != ".zip" and not zipfile.is_zipfile(path):
        return path.read_bytes(), None
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) != 1 or members[0].is_dir():
                names = _listed([member.filename for member in members])
                return b"", SubmissionFault(
                    None, "zip", f"the zip must hold one file and nothing else. It holds: {names}"
                )
            name = members[0].filename
            if PurePosixPath(name).name != name or "\\" in name or not name.lower().endswith(".csv"):
                return b"", SubmissionFault(None, "zip", f"the zip must hold {_MEMBER!r}. It holds {_shown(name)}")
            if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return b"", SubmissionFault(None, "zip", "the zip uses a rare compression: make it with plain deflate")
            with archive.open(members[0]) as file:
                content = file.read(_LARGEST + 1)  # the size in the zip's own directory may lie
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError) as error:  # Runtime: encrypted
        return b"", SubmissionFault(None, "zip", f"the zip cannot be read: {_shown(str(error))}")
    return (b"", _too_large(len(content))) if len(content) > _LARGEST else (content, None)


def _too_large(size):
    return SubmissionFault(None, "too-large", f"{size:,} bytes or more: no submission has over {_LARGEST >> 20} MiB")


def _styled(ids, id_style):
    """Return unique ids without folders, with or without extension, that need no quoting in a CSV file."""
    if id_style not in ("stem", "name"):
        raise ValueError(f"id_style must be 'stem' or 'name'. Got {id_style!r} instead.")
    paths = [PurePosixPath(os.fspath(id)) for id in ids]
    names = [path.stem if id_style == "stem" else path.name for path in paths]
    counts = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        if not name or not name.isprintable() or name != name.strip() or set(name) & set(',"'):
            raise ValueError(
                f"the id {_shown(name)} cannot go into a submission: ids are not empty and hold no comma, quote, "
                "control character or outer white space"
            )
    for name, count in counts.items():
        if count > 1:
            raise ValueError(f"ids must be unique as {id_style}s; {_shown(name)} stands for {count} images")
    if not names:
        raise ValueError("there are no ids")
    return names


def _lines(names, labels, label_map):
    if len(labels) != len(names):
        raise ValueError(f"there are {len(names)} ids but {len(labels)} labels")
    return "".join(f"{name},{_number(label, label_map)}\n" for name, label in zip(names, labels, strict=True))


def _number(label, label_map):
    if label_map is not None:
        if label not in label_map:
            raise ValueError(f"label_map has no entry for {_shown(str(label))}")
        label = label_map[label]
    try:
        whole = int(label) == label
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise ValueError(
            f"labels must be whole numbers. Got {_shown(str(label))} instead: give a label_map, e.g. {{'t1': 1}}"
        )
    return int(label)


def _reads_as_int(text):
    try:
        int(text)
    except ValueError:
        return False
    return True


def _unknown(id, known, by_stem):
    path = PurePosixPath(id)
    meant = next((name for name in (path.name, path.stem) if name in known), by_stem.get(path.name))
    return f"{_shown(id)} is not an id of this task" + (f": write {_shown(meant)}" if meant else "")


def _listed(names):
    more = f" and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(map(_shown, names[:_MOST_LISTED])) + more


def _shown(text):
    """Quote a text for a message: control characters escaped, and no longer than a line."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
