"""The section on who is at risk: by patient and by image."""

from ...audits import AuditResult
from ..section import Section, Table
from ..words import MOST_ROWS, cell

_NAMES = {
    **{"id": "image", "role": "set", "n_images": "images", "score": "score", "image": "closest image"},
    **{"nearest": "nearest generated image", "nearest_1": "nearest generated image", "distance_1": "distance"},
    **{"nearest_2": "second nearest", "distance_2": "distance", "nearest_3": "third nearest", "distance_3": "distance"},
}


def risk(found: AuditResult) -> Section:
    """Return the section with the tables of patients and of images, most at risk first."""
    patients, images = found.risk.by_patient(), found.risk.by_image()
    about = found.risk.image_risk
    values = {
        "patients": _table(patients, "Patients"),
        "images": _table(images, "Images"),
        "scored_by": found.risk.scored_by,
        "said": "" if about is None else about.conclusion,
        "fdr": None if about is None else about.fdr,
        "smallest": None if about is None else about.smallest_p,
    }
    numbers = {"patients": patients, "images": images} | ({} if about is None else {"said": about.conclusion})
    return Section("risk", "Who is at risk", values, numbers)


def _table(columns, caption):
    names = [name for name, column in columns.items() if any(value is not None for value in column)]
    role = columns["role"][:1] if len(set(columns["role"])) == 1 else []
    names = [name for name in names if name != "role" or not role]
    n = len(next(iter(columns.values()), []))
    rows = [[cell(columns[name][i]) for name in names] for i in range(min(n, MOST_ROWS))]
    more = f" (the first {MOST_ROWS:,} of {n:,})" if n > MOST_ROWS else ""
    of = f" of the set {role[0]}" if role else ""
    return Table([_NAMES.get(name, name) for name in names], rows, f"{caption}{of}, most at risk first{more}")
