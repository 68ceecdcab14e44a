"""Competitors of an image: how many are less similar to a reference image, and which few are the most similar.

`start`, `stop` and `members` say who does not compete with image i: ``members[start[i]:stop[i]]``.
"""

from ...compiled import njit

_INF = float("inf")


@njit(nogil=True, cache=True)
def add_ranks(own, competitors, ordered, start, stop, members, twice):
    """Add to `twice`, for every image, two for each competitor behind it and one for each level with it.

    All blocks have one row per reference image; `ordered` has the competitors in ascending order, NaN last.
    """
    for g in range(own.shape[0]):
        row = ordered[g]
        n = row.size
        while n and row[n - 1] != row[n - 1]:
            n -= 1
        for i in range(own.shape[1]):
            value = own[g, i]
            behind = _count_below(row, n, value)
            up_to = behind
            if behind < n and row[behind] == value:
                alone = behind + 1 == n or row[behind + 1] != value
                up_to = behind + 1 if alone else _count_up_to(row, n, value)
            total = behind + up_to
            for m in members[start[i] : stop[i]]:
                total -= (competitors[g, m] < value) + (competitors[g, m] <= value)
            twice[i] += total


@njit(nogil=True, cache=True)
def _count_below(row, n, value):
    """Return how many of the first n are smaller; without branches, so that several searches overlap."""
    if not n:
        return 0
    base = 0
    while n > 1:
        half = n >> 1
        base += half * (row[base + half - 1] < value)
        n -= half
    return base + (row[base] < value)


@njit(nogil=True, cache=True)
def _count_up_to(row, n, value):
    if not n:
        return 0
    base = 0
    while n > 1:
        half = n >> 1
        base += half * (row[base + half - 1] <= value)
        n -= half
    return base + (row[base] <= value)


@njit(nogil=True, cache=True)
def keep_first(block, position, values, positions):
    """Put competitors among the most similar ones so far: largest first, of equal ones the earlier position.

    Parameters
    ----------
    block : ndarray of shape (n, n_reference)
        Of competitors whose positions follow those of all before; the first one has this `position`.
    values, positions : ndarray of shape (n_reference, depth)
        Changed in place. Places that nobody has yet are NaN.
    """
    depth = values.shape[1]
    last = values[:, depth - 1].copy()
    for c in range(block.shape[0]):
        for g in range(block.shape[1]):
            value = block[c, g]
            if value <= last[g] or value != value:
                continue
            d = depth - 1
            while d and not values[g, d - 1] >= value:
                values[g, d] = values[g, d - 1]
                positions[g, d] = positions[g, d - 1]
                d -= 1
            values[g, d] = value
            positions[g, d] = position + c
            last[g] = values[g, depth - 1]


@njit(nogil=True, cache=True)
def count_hits(own, values, positions, start, stop, members, place, k, absent, n_hits, best):
    """Count the reference images that have an image among their k most similar, and find the best of these.

    Parameters
    ----------
    own : ndarray of shape (n, n_reference)
    values, positions : ndarray of shape (n_reference, depth)
        The most similar competitors, at least k more than an image leaves out (or all).
    place : ndarray of int of shape (n,)
        Position of each image: an equally similar competitor before it goes first.
    absent : ndarray of bool of shape (n_competitors,)
        False; used as a note and given back so.
    n_hits, best : ndarray of shape (n,)
        Filled; -inf where nothing is hit.
    """
    for i in range(own.shape[0]):
        out = members[start[i] : stop[i]]
        absent[out] = True
        n_hits[i] = 0
        most = -_INF
        for g in range(own.shape[1]):
            value = own[i, g]
            ahead = 0
            for d in range(values.shape[1]):
                other = values[g, d]
                if not (other > value or (other == value and positions[g, d] < place[i])):
                    break
                ahead += not absent[positions[g, d]]
                if ahead == k:
                    break
            if ahead < k:
                n_hits[i] += 1
                if most == most and not value <= most:  # NaN stays
                    most = value
        best[i] = most
        absent[out] = False


@njit(nogil=True, cache=True)
def first_left(positions, numbers, start, stop, members, absent, found):
    """Fill `found` (n, n_reference) with the number of the most similar competitor that an image does not leave out.

    `numbers` of shape (n_reference, depth) belong to `positions`; `absent` is as in `count_hits`.
    """
    for i in range(found.shape[0]):
        out = members[start[i] : stop[i]]
        absent[out] = True
        for g in range(found.shape[1]):
            d = 0
            while absent[positions[g, d]]:
                d += 1
            found[i, g] = numbers[g, d]
        absent[out] = False
