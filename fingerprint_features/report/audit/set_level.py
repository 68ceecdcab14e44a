"""The section on the generated set as a whole."""

from ...audits import AuditResult
from ...evaluate import Score
from ..section import Section, Table
from ..words import below, first_upper, percent

_ASKED = {  # by the beginning of the name of a test
    "copying test in": "The same in parts of the image space one by one, so that copying in one is not hidden by "
    "another. The coverage is the share of unused images in the parts that hold enough generated images: nothing is "
    "said about the rest.",
    "copying test": "Are generated images closer to used images than unused images are? Copying lies far below 0.",
    "authenticity gap": "A generated image is authentic when it is farther from its nearest real image than that image "
    "is from other patients. The gap is the share of authentic images as seen from the used images minus that as seen "
    "from the unused ones: below 0 for copying.",
    "DCR share": "How often is the real image nearest to a generated one a used image? More often than chance gives, "
    "for copying.",
    "privacy loss": "How much better does a nearest neighbour tell generated images from unused images than from used "
    "ones? Above 0 for copying.",
    "dataset inference": "Do the used images score higher than the unused ones, on the average? Weak traces in many "
    "images add up, and may be seen here where no single image stands out.",
}
_BY_DETAILS = (
    " Images are compared by their details, what is left of them without their Gaussian; the other tests compare "
    "perceptual hashes. Whitened details are scaled so that what all real images share counts less."
)


def set_level(found: AuditResult) -> Section | None:
    """Return the section with the tests of the whole set, in numbers and in words; None without any."""
    if not found.set_tests:
        return None
    tests = list(zip(found.set_tests, found.set_p, strict=True))
    header = ["test", "value", "by chance", "p alone", "p corrected", "coverage"]
    values = {
        "table": Table(header, [_row(test, p) for test, p in tests], "Tests of the generated set, with 95 % intervals"),
        "words": [_words(test, p) for test, p in tests],
        "n": len(tests),
    }
    numbers = [test.to_dict() | {"p_corrected": float(p)} for test, p in tests]
    return Section("sets", "The generated set as a whole", values, numbers)


def _row(test, p):
    value = f"{test.value:.3f}" if test.interval is None else below(Score(test.value, *test.interval))
    coverage = percent(test.parts["coverage"]) if "coverage" in test.parts else ""
    return [first_upper(test.name), value, below(test.null), f"{test.p_value:.3g}", f"{p:.3g}", coverage]


def _words(test, p):
    asked = next((text for name, text in _ASKED.items() if test.name.startswith(name)), "")
    asked += _BY_DETAILS if test.name.endswith("details") else ""
    parts = ", ".join(f"{name} {value:.3g}" for name, value in test.parts.items())
    enough = ", which is not enough" if test.detected and p > 1 - test.confidence else ""
    said = f"{first_upper(test.conclusion)}; corrected for all tests, p = {p:.3g}{enough}."
    return {"name": first_upper(test.name), "asked": asked, "parts": parts, "said": said}
