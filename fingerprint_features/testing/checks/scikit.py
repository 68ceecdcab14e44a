"""scikit-learn: pickles, tags, frames, pipelines and grid search."""

import importlib.util
import pickle
from unittest import SkipTest

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

_LARGEST_PICKLE = 10_000


def a_pickle_gives_the_same_rows(case):
    """A fitted extractor survives the way to another process."""
    used = case.fitted()
    expected = used.transform(case.pictures)
    back = pickle.loads(pickle.dumps(used))
    case.expect_same(back.transform(case.pictures), expected, "an extractor out of a pickle gives other rows")


def a_pickle_is_small(case):
    """What use leaves behind (tables, networks) is made again, not sent along."""
    used = case.fitted()
    used.transform(case.pictures)
    size = len(pickle.dumps(used))
    case.expect(size < _LARGEST_PICKLE, f"a used extractor pickles to {size} bytes, more than {_LARGEST_PICKLE}")


def tags_are_honest(case):
    """Images, not tables; a fit only where something is learnt."""
    tags = get_tags(case.extractor)
    inputs = tags.input_tags
    case.expect(not inputs.two_d_array and not inputs.one_d_array, "images are no tables: two_d_array must be False")
    case.expect(inputs.three_d_array and inputs.string, "three_d_array and string must be True")
    case.expect(tags.requires_fit == case.stateful, "requires_fit must be True for stateful extractors alone")
    case.expect(tags.transformer_tags.preserves_dtype == [], "rows are float32 always: preserves_dtype must be []")


def pandas_output(case):
    """``set_output(transform="pandas")`` gives a frame with the columns' names."""
    _frame(case, "pandas")


def polars_output(case):
    """``set_output(transform="polars")`` does too."""
    _frame(case, "polars")


def _frame(case, library):
    if importlib.util.find_spec(library) is None:
        raise SkipTest(f"{library} is not installed")
    extractor = case.fresh().set_output(transform=library)
    frame = extractor.fit_transform(case.pictures)
    case.expect(type(frame).__module__.split(".")[0] == library, f"set_output gave a {type(frame).__name__}")
    case.expect(list(frame.columns) == list(extractor.get_feature_names_out()), "the frame has other column names")
    case.expect_same(np.asarray(frame), case.rows(), f"a {library} frame has other values")


def grid_search_reaches_its_parameters(case):
    """In a Pipeline, through GridSearchCV, the best extractor is one made with the best parameters."""
    model = Pipeline([("extract", case.fresh()), ("scale", StandardScaler()), ("vote", KNeighborsClassifier(1))])
    grid, params = {"vote__n_neighbors": [1]}, case.extractor.get_params(deep=True)
    for (name, value), *_ in (list(variant.items()) for variant in case.variants()):
        grid[f"extract__{name}"] = [value, params[name]]
        break
    labels = np.arange(len(case.pictures)) % 2
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(case.pictures, labels)
    best = search.best_estimator_
    chosen = {key.removeprefix("extract__"): v for key, v in search.best_params_.items() if key.startswith("extract__")}
    expected = case.fitted(**chosen).transform(case.pictures)
    case.expect_same(best["extract"].transform(case.pictures), expected, "GridSearchCV's extractor gives other rows")
    case.expect(search.predict(case.pictures).shape == labels.shape, "GridSearchCV must predict one label an image")


CHECKS = [
    a_pickle_gives_the_same_rows,
    tags_are_honest,
    pandas_output,
    polars_output,
    grid_search_reaches_its_parameters,
]
STATELESS = [a_pickle_is_small]
