"""The section with a map of all images, by set and by cluster."""

import numpy as np

from ...audits import AuditResult
from ...recipes.kinds import Cache
from ..maps import MOST, textures_of
from ..pictures import plot
from ..plots import draw_map
from ..section import Section, Table

_CLUSTERS = 6
_FEWEST = 10  # images of a cluster, on the average


def audit_map(found: AuditResult, cache: Cache) -> Section | None:
    """Return the section with two maps, coloured by set and by cluster; None where there are too few images."""
    rows = textures_of(found.inputs, cache)
    if len(rows.X) < 2 * _FEWEST:
        return None
    kinds = np.where(np.isin(rows.sets, ("generated", "foreign")), "generated image", "real image")
    clusters = _clusters(rows.X)
    header = ["cluster", *rows.places]
    counts = [[int(((clusters == one) & (rows.sets == name)).sum()) for name in rows.places] for one in _all(clusters)]
    alt = f"Map of {len(rows.X)} images by the first two principal components of their textures, coloured by"
    values = {
        "by_set": plot(draw_map(rows.X, rows.sets, kinds, title="by set"), f"{alt} set."),
        "by_cluster": plot(draw_map(rows.X, clusters, kinds, title="by cluster"), f"{alt} cluster."),
        "counts": Table(
            header,
            [[one, *map(str, of)] for one, of in zip(_all(clusters), counts, strict=True)],
            "Images of each cluster",
        ),
        "most": MOST,
    }
    numbers = {one: dict(zip(rows.places, of, strict=True)) for one, of in zip(_all(clusters), counts, strict=True)}
    return Section("audit_map", "Map", values, {"clusters": numbers})


def _clusters(X):
    """Return the cluster of each row, the largest first."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    n_clusters = min(_CLUSTERS, len(X) // _FEWEST)
    found = KMeans(n_clusters, n_init=5, random_state=0).fit_predict(StandardScaler().fit_transform(X))
    order = np.argsort(-np.bincount(found, minlength=n_clusters), kind="stable")
    place = np.empty(n_clusters, dtype=np.intp)
    place[order] = np.arange(1, n_clusters + 1)
    return place[found].astype(str)


def _all(clusters):
    return sorted(set(clusters.tolist()))
