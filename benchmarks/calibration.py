"""How often do intervals hold the truth, and tests raise a false alarm? ``python -m benchmarks.calibration``.

Measures `cross_validated_scores`, `refit_permutation_test` and `permutation_test` (the table in its docstring). Tables
are drawn, not images: ten columns of noise, patients alike in half of the variance, and a shift of the used ones in the
first column. The truth is what rules learnt from other tables of the same size reach, on average, on new images.
"""

import argparse

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from fingerprint_features.evaluate import (
    cross_validated_scores,
    independent_folds,
    membership_scores,
    permutation_test,
    refit_permutation_test,
)


class Means:
    """The nearer of two class means: learns in microseconds, for a quick look."""

    def fit(self, X, y):
        """Take the means."""
        self.classes_, self.middle_ = np.array([0, 1]), (X[y == 1].mean(axis=0) + X[y == 0].mean(axis=0)) / 2
        self.direction_ = X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)
        return self

    def decision_function(self, X):
        """Return the position between the means."""
        return (X - self.middle_) @ self.direction_

    def predict(self, X):
        """Return 0 or 1."""
        return (self.decision_function(X) > 0).astype(int)

    def __sklearn_clone__(self):
        return type(self)()


LEARNERS = {"svm": SVC(), "logistic": LogisticRegression(), "means": Means()}
METRICS = ("auc", "kappa", "accuracy")
WIDTH = 10
SIZES_BY_LABEL = {  # images of each used and of each unused patient
    "2 of 10, 8 of 1": ([10] * 2, [1] * 8),
    "8 of 1, 2 of 10": ([1] * 8, [10] * 2),
    "5 of 6, 20 of 4": ([6] * 5, [4] * 20),
    "12 of 2-9, 24 of 1-9": ([2, 4, 9] * 4, [1, 2, 4, 9] * 6),
}


def draw(rng, n, effect, slices):
    """Return a table of n used and n unused patients, the labels and the patients."""
    patients = np.repeat(np.arange(2 * n), slices)
    y = (patients < n).astype(int)
    X = rng.normal(size=(2 * n, WIDTH))[patients]
    if slices > 1:
        X = (X + rng.normal(size=X.shape)) / np.sqrt(2)
    X[:, 0] += effect * y
    return X, y, patients


def coverage(learner, n, effect, slices, trials, seed=0):
    """Return by metric the truth, the coverage of the intervals and that of a fixed rule's, and the mean width."""
    rng, model = np.random.default_rng(seed), LEARNERS[learner]
    intervals, fixed, reached = [], [], []
    for i in range(trials):
        X, y, patients = draw(rng, n, effect, slices)
        scores, held_out = cross_validated_scores(model, X, y, groups=patients, n_bootstrap=1000, random_state=i)
        intervals.append([scores[metric][1:] for metric in METRICS])
        naive = membership_scores(y, held_out.answers, scores=held_out.decisions, groups=patients, n_bootstrap=1000)
        fixed.append([naive[metric][1:] for metric in METRICS])
        X_new, y_new, _ = draw(rng, 1000, effect, 1)
        rule = model.fit(X, y)
        new = membership_scores(y_new, rule.predict(X_new), scores=rule.decision_function(X_new), n_bootstrap=1)
        reached.append([new[metric].value for metric in METRICS])
    truth = np.where(effect, np.mean(reached, axis=0), [0.5, 0.0, 0.5])
    held = [((np.array(i)[..., 0] <= truth) & (truth <= np.array(i)[..., 1])).mean(axis=0) for i in (intervals, fixed)]
    return truth, *held, np.diff(intervals, axis=2)[..., 0].mean(axis=0)


def refit_size(learner, n, slices, trials, seed=0):
    """Return how often the test that learns again, and the test of fixed held-out answers, reject a true null."""
    rng, model, rejected = np.random.default_rng(seed), LEARNERS[learner], np.zeros(2)
    for i in range(trials):
        X, y, patients = draw(rng, n, 0.0, slices)
        again = refit_permutation_test(model, X, y, groups=patients, n_permutations=19, random_state=i)
        decisions = np.empty(len(y))
        for train, test in independent_folds(y, patients, random_state=i):
            decisions[test] = model.fit(X[train], y[train]).decision_function(X[test])
        fixed = permutation_test(y, decisions, statistic="auc", groups=patients, n_permutations=199, random_state=i)
        rejected += again.detected[0], fixed.detected[0]
    return rejected / trials


def size_by_patient_sizes(used, unused, trials, seed=0):
    """Return how often `permutation_test` of kappa rejects a true null, shuffling as it does and among all patients."""
    rng, rejected = np.random.default_rng(seed), np.zeros(2)
    sizes = np.r_[used, unused]
    patients = np.repeat(np.arange(len(sizes)), sizes)
    y = (patients < len(used)).astype(int)
    for i in range(trials):
        answers = (rng.normal(size=len(sizes))[patients] + rng.normal(size=len(y)) > 0).astype(int)
        test = permutation_test(y, answers, groups=patients, n_permutations=99, random_state=i)
        rejected += test.detected[0], _among_all(y, answers, patients, rng) <= 0.05
    return rejected / trials


def _among_all(y, answers, patients, rng, n_permutations=99):
    """Return the p-value of kappa with labels shuffled among patients of all sizes."""
    first = np.unique(patients, return_index=True)[1]
    labels = np.vstack([y[first], rng.permuted(np.tile(y[first], (n_permutations, 1)), axis=1)])[:, patients]
    agreed, used, called = (labels == answers).mean(axis=1), labels.mean(axis=1), answers.mean()
    expected = used * called + (1 - used) * (1 - called)
    kappa = (agreed - expected) / np.maximum(1 - expected, 1e-9)
    return np.mean(kappa >= kappa[0] - 1e-9)


def main():
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100, help="tables a line; 100 take some 40 minutes")
    parser.add_argument("--learners", nargs="+", default=["svm", "logistic"], choices=LEARNERS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[10, 40, 100], help="patients of each class")
    parser.add_argument("--only", choices=["sizes", "refit", "coverage"], help="one of the three tables")
    options = parser.parse_args()
    error = 100 * np.sqrt(0.05 * 0.95 / options.trials)
    print(f"{options.trials} tables a line: the standard error of 5 % and 95 % is {error:.1f} %\n")
    lines = [(learner, n, slices) for learner in options.learners for n in options.sizes for slices in (1, 4)]
    with sklearn.config_context(skip_parameter_validation=True, assume_finite=True):
        if options.only in (None, "sizes"):
            print("patient size and label: rejected at 5 % by permutation_test, and shuffling among all sizes")
            for name, (used, unused) in SIZES_BY_LABEL.items():
                ours, plain = size_by_patient_sizes(used, unused, 10 * options.trials)
                print(f"{name:24}{100 * ours:6.1f} %{100 * plain:6.1f} %", flush=True)
        if options.only in (None, "refit"):
            print("\nlearnt rule, no effect: rejected at 5 % learning again, and with fixed held-out answers")
            for learner, n, slices in lines:
                again, fixed = refit_size(learner, n, slices, options.trials)
                print(f"{learner:10}{n:5} x {slices}{100 * again:8.1f} %{100 * fixed:8.1f} %", flush=True)
        if options.only in (None, "coverage"):
            print("\n95 % intervals: truth, coverage (that of a fixed rule's), mean width of " + ", ".join(METRICS))
            for learner, n, slices in lines:
                for effect in (0.0, 1.0, 2.5):
                    cells = zip(*coverage(learner, n, effect, slices, options.trials), strict=True)
                    text = " ".join(
                        f"{truth:8.3f}{100 * ours:5.0f} % ({100 * fixed:3.0f} %) {width:.2f}"
                        for truth, ours, fixed, width in cells
                    )
                    print(f"{learner:10}{n:5} x {slices}  effect {effect}{text}", flush=True)


if __name__ == "__main__":
    main()
