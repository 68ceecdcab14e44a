"""The sections of the page of an audit, in the order in which they are read."""

from ...audits import AuditResult
from ...recipes.kinds import Cache
from ..section import Section
from .attacks import attacks
from .checks import controls, lint, resolution
from .evidence import evidence
from .maps import audit_map
from .opening import audited_sets, provenance, verdict
from .pictures import pictures
from .risk import risk
from .set_level import set_level


def audit_sections(found: AuditResult, images: bool, cache: Cache) -> list[Section]:
    """Return the sections of what an audit found: what limits the numbers comes before them.

    An audit without labels has no sections that need labels.
    """
    sections = [
        verdict(found),
        audited_sets(found),
        lint(found, images),
        resolution(found),
        controls(found),
        set_level(found),
        attacks(found),
        pictures(found),
        audit_map(found, cache),
        risk(found),
        evidence(found, images),
        provenance(found),
    ]
    return [section for section in sections if section is not None]
