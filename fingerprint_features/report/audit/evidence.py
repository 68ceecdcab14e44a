"""The section with pairs of images: the images most at risk, each with the generated image nearest to it."""

from ...audits import AuditResult
from ..evidence import MOST_PAIRS, triple
from ..section import Section
from ..words import cell

_WORDS = (
    "Each pair is a real image and the generated image nearest to it: the closest image of each patient, the patients "
    "most at risk first. Distances are bits, of 256, in which perceptual hashes differ."
)
_YARDSTICK = (
    " Below stands the real image of another patient that is nearest to it. Two patients may look alike: a generated "
    "image is conspicuous when it is much nearer than that."
)


def evidence(found: AuditResult, images: bool) -> Section:
    """Return the section of pairs: a real image, the nearest generated one, and their difference; one a patient."""
    risk, pairs = found.risk, []
    for i in _one_a_patient(risk)[:MOST_PAIRS]:
        role, id, near = str(risk.roles[i]), str(risk.ids[i]), str(risk.nearest[i, 0])
        numbers = {"id": id, "role": role, "nearest": near, "distance": float(risk.distances[i, 0])}
        if risk.image_risk is not None:
            numbers |= {"p": float(risk.image_risk.p_values[i]), "q": float(risk.image_risk.q_values[i])}
        rows = []
        if images:
            pair = found.inputs.sets[role][id], found.inputs.sets["generated"][near]
            names = f"{role}: {id}", f"generated: {near}", "the difference of the two"
            rows = [triple(*pair, names, (role, "generated", "difference"))]
            rows += [_yardstick(found, pair[0], i)] if risk.others is not None else []
        if risk.others is not None:
            numbers |= {"other": str(risk.others[i, 1]), "other_distance": float(risk.other_distances[i])}
        facts = [(_NAMES[name], cell(value)) for name, value in numbers.items() if name in _NAMES]
        pairs.append({"name": id, "rows": rows, "facts": facts, "numbers": numbers})
    words = _WORDS + (_YARDSTICK if images and risk.others is not None else "")
    values = {"pairs": pairs, "images": images, "words": words}
    return Section("evidence", "Nearest pairs", values, [pair["numbers"] for pair in pairs])


_NAMES = {
    **{"nearest": "generated", "distance": "distance", "p": "p", "q": "q"},
    **{"other": "other patient", "other_distance": "distance"},
}


def _yardstick(found, image, i):
    """Return the nearest image of another patient and its difference from an image, below the place of the image."""
    role, id = map(str, found.risk.others[i])
    names = "", f"another patient, {role}: {id}", "the difference of the two"
    return triple(image, found.inputs.sets[role][id], names, ("", "other patient", "difference"))[1:]


def _one_a_patient(risk):
    """Return the positions of images, most at risk first, the first of each patient only."""
    order = risk.order.tolist()
    if risk.patients is None:
        return order
    first = {}
    for i in order:
        first.setdefault(risk.patients[i], i)
    return list(first.values())
