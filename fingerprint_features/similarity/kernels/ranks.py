"""Comparisons of a row of similarities with those of its competitors."""

from ...compiled import njit


@njit(nogil=True, cache=True)
def standing(own, competitors, taking_part, position, behind, tied, ahead):
    """Count the competitors of one image, for every reference image.

    Adds up how many lie `behind` it, how many are `tied` with it, and how many go `ahead` of it when a tie goes to
    the first: those before `position` win theirs.
    """
    behind[:] = 0
    tied[:] = 0
    ahead[:] = 0
    for c in range(competitors.shape[0]):
        if not taking_part[c]:
            continue
        other = competitors[c]
        wins_ties = c < position
        for g in range(own.size):
            equal = other[g] == own[g]
            behind[g] += other[g] < own[g]
            tied[g] += equal
            ahead[g] += (other[g] > own[g]) or (equal and wins_ties)
