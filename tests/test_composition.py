"""FeaturePipeline inside scikit-learn's own tools, with every container that can hold images."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fingerprint_features import FeaturePipeline, ImageSet, ImageStats
from tests.helpers import Mean, count_lines, random_images, write_images

N = 24


@pytest.fixture(scope="module")
def images():
    """Return images of which the second half are brighter."""
    images = random_images(N, 16)
    images[: N // 2] //= 4
    return images


@pytest.fixture(scope="module")
def paths(images, tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"), images)


Y = np.repeat([0, 1], N // 2)

CONTAINERS = {
    "list of str": list,
    "list of Path": lambda paths: [Path(path) for path in paths],
    "tuple": tuple,
    "array of str": np.array,
    "object array": lambda paths: np.array(paths, dtype=object),
    "StringDType array": lambda paths: np.array(paths, dtype=np.dtypes.StringDType()),
    "pandas Series": pd.Series,
    "polars Series": pl.Series,
    "one-column array": lambda paths: np.array(paths)[:, None],
    "one-column pandas frame": lambda paths: pd.DataFrame({"path": paths}),
    "ImageSet": ImageSet,
    "image array": lambda paths: ImageSet(paths).decode(),
    "colour image array": lambda paths: np.repeat(ImageSet(paths).decode()[..., None], 3, axis=3),
    "list of arrays": lambda paths: list(ImageSet(paths).decode()),
}


def classifier(**arguments):
    return Pipeline(
        [
            ("features", FeaturePipeline([Mean(), ImageStats()], **arguments)),
            ("scale", StandardScaler()),
            ("svc", SVC(kernel="linear", random_state=0)),
        ]
    )


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_gives_the_same_answer_everywhere(container, paths):
    X = CONTAINERS[container](paths)
    np.testing.assert_array_equal(classifier().fit(X, Y).predict(X), Y)
    assert cross_val_score(classifier(), X, Y, cv=3).mean() == 1
    union = FeatureUnion([("a", FeaturePipeline([Mean()])), ("b", FeaturePipeline([ImageStats()]))])
    np.testing.assert_array_equal(union.fit_transform(X), FeaturePipeline([Mean(), ImageStats()]).fit_transform(paths))
    search = GridSearchCV(classifier(), {"features__mean__factor": [1, 2]}, cv=2).fit(X, Y)
    assert search.best_score_ == 1


@pytest.mark.parametrize("container", ["list of str", "pandas Series", "ImageSet", "image array", "list of arrays"])
def test_grid_search_in_two_processes(container, paths):
    X = CONTAINERS[container](paths)
    search = GridSearchCV(classifier(), {"features__mean__factor": [1, 2], "svc__C": [1, 10]}, cv=2, n_jobs=2)
    assert search.fit(X, Y).best_score_ == 1


@pytest.mark.parametrize(("n_jobs", "most"), [(1, 1), (2, 2)])
def test_a_grid_over_folds_extracts_each_image_and_setting_once(tmp_path, paths, n_jobs, most):
    log = tmp_path / "log"
    model = Pipeline([("features", FeaturePipeline([Mean(log=log)], cache=tmp_path / "c")), ("svc", SVC())])
    search = GridSearchCV(model, {"features__mean__factor": [1, 2, 3, 4]}, cv=5, n_jobs=n_jobs)
    search.fit(paths, Y)
    first = count_lines(log)
    assert 4 * N <= first <= most * 4 * N
    per_row = pd.Series([" ".join(line.split()[::2]) for line in log.read_text().splitlines()]).value_counts()
    assert len(per_row) == 4 * N
    assert per_row.max() <= most
    search.fit(paths, Y)
    assert count_lines(log) == first


def test_cross_val_predict_voting_and_clustering(paths):
    groups = np.arange(N) // 2
    X = ImageSet(paths, groups=groups)
    predicted = cross_val_predict(classifier(), X, Y, cv=GroupKFold(3), groups=X.groups)
    np.testing.assert_array_equal(predicted, Y)
    voting = VotingClassifier(
        [
            ("svc", classifier()),
            ("knn", make_pipeline(FeaturePipeline([Mean()]), KNeighborsClassifier(1))),
            ("lr", make_pipeline(FeaturePipeline([ImageStats()]), StandardScaler(), LogisticRegression())),
        ]
    )
    np.testing.assert_array_equal(voting.fit(X, Y).predict(X), Y)
    clusters = make_pipeline(FeaturePipeline([Mean()]), KMeans(2, n_init=3, random_state=0)).fit_predict(X)
    assert len({(cluster, label) for cluster, label in zip(clusters, Y, strict=True)}) == 2


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("column", ["path", ["path"]])
def test_column_transformer_takes_the_column_that_holds_the_paths(frame, column, paths):
    table = frame({"age": np.arange(N), "path": paths})
    model = ColumnTransformer([("image", FeaturePipeline([Mean()]), column), ("age", "passthrough", ["age"])])
    expected = FeaturePipeline([Mean()]).fit_transform(paths)[:, 0]
    np.testing.assert_allclose(np.asarray(model.fit_transform(table))[:, 0], expected)


def test_a_frame_of_several_columns_says_which_to_pass(paths):
    with pytest.raises(ValueError, match=r"columns age, path.*df\['path'\]"):
        FeaturePipeline([Mean()]).fit_transform(pd.DataFrame({"age": np.arange(N), "path": paths}))


@pytest.mark.parametrize(("output", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output(output, kind, paths):
    features = FeaturePipeline([Mean(), ImageStats()]).set_output(transform=output)
    frame = features.fit_transform(paths)
    assert isinstance(frame, kind)
    assert list(frame.columns) == list(features.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), FeaturePipeline([Mean(), ImageStats()]).fit_transform(paths))


def test_a_pandas_index_is_kept(paths):
    series = pd.Series(paths, index=[f"scan{i}" for i in range(N)])
    frame = FeaturePipeline([Mean()]).set_output(transform="pandas").fit_transform(series)
    assert list(frame.index) == list(series.index)


@pytest.mark.parametrize("table", [np.zeros((5, 4)), pd.DataFrame(np.zeros((5, 1)))])
def test_a_table_of_numbers_is_refused_with_the_cure(table):
    with pytest.raises((ValueError, TypeError), match=r"pass a list of (images|paths)"):
        FeaturePipeline([Mean()]).fit_transform(table)


def test_the_pipelines_repr_is_html(paths):
    assert "FeaturePipeline" in classifier().fit(paths, Y)._repr_html_()
