"""Whether a rule works, in numbers and in one sentence."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .attribution import attribution_scores
from .learnt import cross_validated_scores, is_membership
from .membership import membership_scores
from .permutation import permutation_test
from .permuted import PermutationResult
from .refit_permutation import refit_permutation_test
from .scores import Scores

BETTER = "better than chance"
UNCLEAR = "cannot be told from chance"
UNKNOWN = "cannot be judged"


@dataclass(frozen=True)
class Judgement:
    """How well a rule answers, whether that is better than chance, and what may be said about it.

    Attributes
    ----------
    scores : Scores
        The scores on the labelled images, with intervals. Printing gives the table.
    test : PermutationResult
        The test against chance.
    answers : ndarray of shape (n_images,)
        The answer to each labelled image; that of a learnt rule comes from a fit without the image's group.
    decisions : ndarray of shape (n_images,) or None
        The scores behind the answers, larger = more likely used. Those of a learnt rule compare within a fold only.
    learnt : bool
        Whether the rule learns from the labels.
    folds : ndarray of shape (n_images,) or None
        The fold that each image was left out in; None for a rule that does not learn.
    """

    scores: Scores
    test: PermutationResult
    answers: NDArray[Any]
    decisions: NDArray[np.float64] | None
    learnt: bool
    folds: NDArray[np.intp] | None = None

    @property
    def statistic(self) -> str:
        """What the test measured: "auc" or "accuracy"."""
        return self.test.statistic

    @property
    def p_value(self) -> float:
        """The p-value of the test."""
        return float(self.test.p_corrected[0])

    @property
    def comparable(self) -> NDArray[np.float64] | None:
        """The decisions on one scale: those of a learnt rule minus the mean of their fold, over its deviation.

        Every fold has its own rule and its own scale. The labels play no part in this.
        """
        if self.decisions is None or self.folds is None:
            return self.decisions
        scaled = np.zeros(len(self.decisions))
        for fold in np.unique(self.folds):
            here = self.decisions[self.folds == fold]
            finite = here[np.isfinite(here)]
            here = np.clip(here, finite.min(), finite.max()) if len(finite) else np.zeros(len(here))
            spread = here.std()
            scaled[self.folds == fold] = (here - here.mean()) / spread if spread > 0 else 0.0
        return scaled

    @property
    def verdict(self) -> str:
        """One of "better than chance", "cannot be told from chance" and "cannot be judged"."""
        if not self.test.can_detect:
            return UNKNOWN
        return BETTER if self.test.detected[0] else UNCLEAR

    @property
    def conclusion(self) -> str:
        """The verdict, with the number that it rests on."""
        score = self.scores[self.statistic]
        number = f"{self.statistic} {score}, p = {self.p_value:.3g}"
        if self.verdict == BETTER:
            return f"The answers are better than chance ({number})."
        if self.verdict == UNKNOWN:
            reason = self.test.conclusion(self.test.methods[0]).partition("; ")
            return f"The answers cannot be judged: {(reason[2] or reason[0]).removeprefix('not assessed: ')}."
        return f"The answers cannot be told from chance ({number}). That does not mean that nothing was used."

    def of_count(self, n_called: int, n_images: int, what: str = "candidates") -> str:
        """Return a sentence with a count of images called used, and how far it can be trusted.

        Parameters
        ----------
        n_called, n_images : int
            Images called used, and all images asked about.
        what : str, default="candidates"
            What the images are called.

        Returns
        -------
        str
        """
        count = f"{n_called} of {n_images} {what} are called used."
        if self.verdict == BETTER:
            return f"{count} {self.conclusion}"
        return f"{count} This says nothing about them. {self.conclusion}"

    def __str__(self) -> str:
        return f"{self.scores}\n\n{self.conclusion}"


def judge_learnt(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_splits: int = 5,
    n_repeats: int = 5,
    n_permutations: int = 199,
    confidence: float = 0.95,
    n_jobs: int | None = None,
    progress: bool = False,
    random_state: int | None = 0,
) -> Judgement:
    """Judge a rule that learns from labels: cross-validated scores and a test that learns again in every shuffle.

    Parameters
    ----------
    estimator : classifier
        The unfitted rule.
    X : ImageSet, array, frame or list of length n_images
    y : array-like of shape (n_images,)
        1 for used and 0 for not used, or the names of subsets.
    groups, n_splits, n_repeats, confidence, n_jobs, random_state
        As in `cross_validated_scores`.
    n_permutations, progress
        As in `refit_permutation_test`.

    Returns
    -------
    Judgement

    Notes
    -----
    The cost is ``n_splits * (n_repeats + 41 + n_permutations)`` fits at most, and far fewer where nothing is found:
    the shuffles stop early.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import SVC
    >>> rng = np.random.default_rng(1)
    >>> y = np.repeat([1, 0], 20)
    >>> judgement = judge_learnt(SVC(), rng.normal(size=(40, 3)), y)
    >>> judgement.verdict
    'cannot be told from chance'
    """
    settings = {"groups": groups, "n_splits": n_splits, "confidence": confidence, "random_state": random_state}
    scores, held_out = cross_validated_scores(estimator, X, y, n_repeats=n_repeats, n_jobs=n_jobs, **settings)
    statistic = "auc" if "auc" in scores.scores else "accuracy"
    test = refit_permutation_test(
        estimator,
        X,
        y,
        statistic=statistic,
        n_permutations=n_permutations,
        n_jobs=n_jobs,
        progress=progress,
        **settings,
    )
    return Judgement(scores, test, held_out.answers, held_out.decisions, True, held_out.folds)


def judge_fixed(
    y: ArrayLike,
    answers: ArrayLike,
    *,
    scores: ArrayLike | None = None,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_permutations: int = 999,
    confidence: float = 0.95,
    random_state: int | None = 0,
) -> Judgement:
    """Judge the answers of a rule that has never seen the labels.

    Parameters
    ----------
    y, answers : array-like of shape (n_images,)
        The truth and the answers: 0 and 1, or the names of subsets.
    scores : array-like of shape (n_images,), default=None
        The scores behind the answers, larger = more likely used. None takes the answers themselves for scores.
    groups : sequence of shape (n_images,), default=None
        The patients. None makes every image its own group.
    n_permutations : int, default=999
        Number of shuffles of the labels.
    confidence : float, default=0.95
        Coverage of the intervals, and 1 minus the error rate of the test.
    random_state : int or None, default=0
        Seed of the resamples and shuffles.

    Returns
    -------
    Judgement

    Examples
    --------
    >>> print(judge_fixed([1, 1, 0, 0], [1, 1, 0, 0]).conclusion)
    The answers cannot be judged: that does not mean safe: this sample is too small to detect anything.
    """
    y, answers = np.asarray(y), np.asarray(answers)
    common = {"groups": groups, "confidence": confidence, "random_state": random_state}
    if is_membership(y):
        decisions = answers.astype(np.float64) if scores is None else np.asarray(scores)
        table = membership_scores(y, answers, scores=decisions, **common)
        test = permutation_test(y, {"rule": decisions}, statistic="auc", n_permutations=n_permutations, **common)
        return Judgement(table, test, answers, decisions, learnt=False)
    table = attribution_scores(y, answers, **common)
    test = permutation_test(y, {"rule": answers}, statistic=accuracy, n_permutations=n_permutations, **common)
    return Judgement(table, test, answers, None, learnt=False)


def accuracy(y_true: NDArray[Any], answers: NDArray[Any]) -> float:
    """Share of answers that are right."""
    return float(np.mean(y_true == answers))
