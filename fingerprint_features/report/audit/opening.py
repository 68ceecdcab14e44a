"""The sections that open and close the page of an audit: the verdict, the images, and where the numbers come from."""

from ... import recipes
from ...audits import LIMITS, AuditResult
from ..inputs import settings_of, table_of_sets, table_of_settings
from ..provenance import versions
from ..section import Section, Table
from ..words import listed


def verdict(found: AuditResult) -> Section:
    """Return the section with the verdict sentence, its two limits, and the p-value of everything that was tried."""
    said = found.verdict
    values = {"sentence": said.sentence, "why": said.why, "lines": [_overall(found)], "limits": LIMITS}
    numbers = {"kind": said.kind, "sentence": said.sentence, "why": said.why, "limits": LIMITS, "leak": found.leak}
    return Section("verdict", "Verdict", values, numbers | {"p_value": found.p_value, "families": found.families})


def audited_sets(found: AuditResult) -> Section:
    """Return the section on the images and the settings of the call."""
    table, sets = table_of_sets(found.inputs)
    settings = table_of_settings(settings_of(found.inputs), "Settings")
    numbers = {"sets": sets, "unit": found.inputs.unit, "settings": dict(found.inputs.settings)}
    return Section("inputs", "Images and settings", {"sets": table, "settings": settings}, numbers)


def provenance(found: AuditResult) -> Section:
    """Return the section on the methods, their papers, and the versions of libraries."""
    rows = [_about(trial.name) for trial in found.attacks]
    header = ["method", "published in", "what is ours in it", "judges images"]
    changed = {"changed in the methods": listed(found.inputs.overrides) or "nothing"}
    values = {
        "methods": Table(header, rows, "Methods"),
        "versions": table_of_settings(changed | versions(), "Versions"),
    }
    numbers = {"methods": [dict(zip(header, row, strict=True)) for row in rows], "versions": versions()}
    numbers["overrides"] = dict(found.inputs.overrides)
    return Section("provenance", "Where the numbers come from", values, numbers)


def _overall(found):
    if found.p_value is None:
        if "candidates" in found.inputs.sets:
            return "Nobody said which images were used, so this page states no accuracy of any method."
        return "No p-value can be given for this audit."
    tried = [_count(len(found.attacks), "method")] if found.attacks else []
    tried += [_count(len(found.set_tests), "test") + " of the whole set"] if found.set_tests else []
    families = ", ".join(f"{name} {p:.3g}" for name, p in found.families.items())
    return (
        f"Over everything that was tried ({' and '.join(tried)}), p = {found.p_value:.3g}. It is the smallest "
        f"p-value of {_count(len(found.families), 'family')} of methods and tests, times their number; that of a "
        f"family is corrected for all in it ({families})."
    )


def _count(n, what):
    return f"{n:,} {what if n == 1 else what.removesuffix('y') + 'ies' if what.endswith('y') else what + 's'}"


def _about(name):
    if name not in recipes.names():
        return [name, "a function of the user", "", ""]
    about = recipes.info(name)
    published = about.paper or "a recipe of this library"
    return [name, published, about.why or "nothing", "all together" if about.transductive else "one by one"]
