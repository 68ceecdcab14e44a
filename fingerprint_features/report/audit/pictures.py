"""The section with pictures of scores: of the best method, and folded those of the others."""

import numpy as np

from ...audits import AuditResult
from ...audits.deciding import strongest_first
from ..pictures import plot
from ..scores import draw_scores
from ..section import Section
from ..trial_pictures import pictures_of

_MOST = 12  # methods with pictures


def pictures(found: AuditResult) -> Section | None:
    """Return the section with scores, ROC curve and confusion matrix of each method; None where there are no scores."""
    trials = strongest_first(found.attacks)[:_MOST]
    values = {"best": "", "pictures": [], "others": [], "left": len(found.attacks) - len(trials)}
    if trials:
        first, *others = trials
        values |= {"best": first.name, "pictures": pictures_of(first)}
        values["others"] = [{"name": trial.name, "pictures": pictures_of(trial)} for trial in others]
    elif np.isfinite(found.risk.scores).any():
        figure = draw_scores(found.risk.scores, found.risk.roles, title="scores")
        values["pictures"] = [plot(figure, "Histogram of the scores of the candidates.")]
    else:
        return None
    return Section("audit_pictures", "Scores in pictures", values)
