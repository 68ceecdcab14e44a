"""The methods tried: one joint test for all rules, one for all networks, and the scores of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..answers import Trial
from ..evaluate import (
    Judgement,
    PermutationResult,
    Score,
    Scores,
    cross_validated_scores,
    independent_folds,
    membership_scores,
    permutation_test,
    refit_permutation_test,
)
from ..evaluate.refits import HeldOut, decision_values
from ..images import ImageSet
from ..recipes.kinds import Cache
from .bench import Fixed
from .known import Labelled
from .methods import Method
from .settings import Settings

_THIRDS = 3


def joint_test(rules: Mapping[str, Any], known: Labelled, settings: Settings) -> PermutationResult:
    """Test rules that are asked by position, all in the same shuffles, corrected for their number."""
    return refit_permutation_test(
        dict(rules),
        np.arange(len(known.y)),
        known.y,
        groups=known.groups,
        n_splits=settings.cv,
        n_permutations=settings.n_permutations,
        progress=settings.progress,
        random_state=settings.random_state,
    )


def try_rules(rules: Mapping[str, Any], known: Labelled, settings: Settings) -> tuple[Trial, ...]:
    """Judge rules on images with known labels: one joint test for all, and the scores of each."""
    if not rules:
        return ()
    test = joint_test(rules, known, settings)
    trials = []
    for i, (name, rule) in enumerate(rules.items()):
        learnt = not isinstance(rule, Fixed)
        judged = (
            judge(rule, known, settings) if learnt else judge_fixed_rule(rule.answers, rule.scores, known, settings)
        )
        how = f"cross-validated, by {known.unit}" if learnt else f"judged without their labels, by {known.unit}"
        trials.append(_trial(name, how, known, *judged, test, i))
    return tuple(trials)


def try_networks(
    methods: Sequence[Method], known: Labelled, generated: ImageSet, cache: Cache, settings: Settings
) -> tuple[tuple[Trial, ...], dict[str, str]]:
    """Train each method once on two thirds of the patients, and judge all on the others, in one joint test.

    Returns
    -------
    trials : tuple of Trial
    left_out : dict of str to str
        The methods that lack a library, or weights to start from.
    """
    folds = independent_folds(known.y, known.groups, n_splits=_THIRDS, random_state=settings.random_state)
    learn, rest = folds[0]
    asked = known[rest]
    answers, scores, left_out = {}, {}, {}
    for method in tqdm(methods, unit="network", disable=not settings.progress):
        try:
            model = _trained(method, known, learn, asked, generated, cache)
        except (ImportError, OSError) as error:
            left_out[method.name] = str(error)
            continue
        answers[method.name] = np.asarray(model.predict(asked.images)).astype(np.int64)
        scores[method.name] = decision_values(model, asked.images)
    if not scores:
        return (), left_out
    test = permutation_test(
        asked.y,
        scores,
        statistic="auc",
        groups=asked.groups,
        n_permutations=settings.n_permutations,
        random_state=settings.random_state,
    )
    n_asked, n_all = len(np.unique(asked.groups)), len(np.unique(known.groups))
    how = f"judged on {n_asked} of {n_all} {known.unit}s, held out"
    trials = []
    for i, name in enumerate(scores):
        judged = judge_fixed_rule(answers[name], scores[name], asked, settings)
        trials.append(_trial(name, how, asked, *judged, test, i))
    return tuple(trials), left_out


def _trained(method, known, learn, asked, generated, cache):
    model = method.make(generated, asked.images, cache)
    if method.needs_labels:
        return model.fit(known.images[learn], known.y[learn])
    return model.fit(asked.images)


def judge(rule: Any, known: Labelled, settings: Settings) -> tuple[Scores, HeldOut]:
    """Return the cross-validated scores of a rule that learns, and its answers to images that it has not seen."""
    return cross_validated_scores(
        rule,
        np.arange(len(known.y)),
        known.y,
        groups=known.groups,
        n_splits=settings.cv,
        random_state=settings.random_state,
    )


def judge_fixed_rule(
    answers: NDArray[np.int64], scores: NDArray[np.float64], known: Labelled, settings: Settings
) -> tuple[Scores, HeldOut]:
    """Return the scores of a rule that has not learnt from these images, and its answers."""
    judged = membership_scores(known.y, answers, scores=scores, groups=known.groups, random_state=settings.random_state)
    return judged, HeldOut(answers, scores, None)


def one_of(test: PermutationResult, i: int) -> PermutationResult:
    """Return the part of a joint test that is about one method: its p-value alone, and corrected for all."""
    parts = {name: getattr(test, name)[i : i + 1] for name in ("values", "p_values", "p_corrected", "detectable")}
    return replace(test, methods=test.methods[i : i + 1], **parts)


def _trial(name, how, known, scores, answers, test, i):
    learnt = answers.folds is not None
    judgement = Judgement(scores, one_of(test, i), answers.answers, answers.decisions, learnt, answers.folds)
    return Trial(name, how, known.y, judgement, known.groups)


def auc_of(rule: Any, known: Labelled, settings: Settings) -> Score:
    """Return the AUC of a rule, with its interval."""
    if isinstance(rule, Fixed):
        return judge_fixed_rule(rule.answers, rule.scores, known, settings)[0]["auc"]
    return judge(rule, known, settings)[0]["auc"]
