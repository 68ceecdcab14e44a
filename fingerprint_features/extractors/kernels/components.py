"""Connected components by runs: each row's runs of bright pixels join those above that they touch."""

import numpy as np

from ...compiled import njit


@njit(nogil=True, cache=True)
def component_areas(image, threshold):
    """Return the areas of the components of pixels above a threshold; corners connect.

    Parameters
    ----------
    image : ndarray of shape (h, w) and dtype uint8
    threshold : int

    Returns
    -------
    ndarray of int64
        Components in the order in which a reader meets them.
    """
    height, width = image.shape
    most = ((height + 1) // 2) * ((width + 1) // 2)  # of components, also of those that are joined later
    parents, areas = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    n = 0
    # runs of the row above and of this one: first pixel, pixel behind the last, component
    above, here = np.empty((3, (width + 1) // 2), np.int64), np.empty((3, (width + 1) // 2), np.int64)
    n_above = 0
    for y in range(height):
        row = image[y]
        n_here = near = x = 0
        while x < width:
            if row[x] <= threshold:
                x += 1
                continue
            start = x
            while x < width and row[x] > threshold:
                x += 1
            while near < n_above and above[1, near] < start:
                near += 1
            component = -1
            other = near
            while other < n_above and above[0, other] <= x:
                component = _join(parents, component, above[2, other])
                other += 1
            if component < 0:
                component, n = n, n + 1
                parents[component], areas[component] = component, 0
            areas[component] += x - start
            here[0, n_here], here[1, n_here], here[2, n_here] = start, x, component
            n_here += 1
        above, here, n_above = here, above, n_here
    for component in range(n - 1, -1, -1):  # a component is joined to an earlier one
        if parents[component] != component:
            areas[parents[component]] += areas[component]
    return areas[:n][parents[:n] == np.arange(n)]


@njit(nogil=True, cache=True)
def _join(parents, a, b):
    """Make one component of two, if there are two, and return it."""
    b = _root(parents, b)
    if a < 0:
        return b
    a = _root(parents, a)
    if a < b:
        parents[b] = a
        return a
    parents[a] = b
    return b


@njit(nogil=True, cache=True)
def _root(parents, a):
    while parents[a] != a:
        parents[a] = parents[parents[a]]
        a = parents[a]
    return a
