"""How methods are judged."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..answers import ArgumentError
from .methods import Method
from .verdict import ERROR_RATE


@dataclass(frozen=True)
class Settings:
    """How methods are judged.

    Attributes
    ----------
    cv, n_permutations, random_state, randomized_split
        As in `audit`.
    progress : bool
    """

    cv: int
    n_permutations: int
    random_state: int
    randomized_split: bool | None
    progress: bool

    def check_permutations(self, methods: Sequence[Method]) -> None:
        """Raise where no p-value, corrected for the families, could be small enough."""
        n_families = 1 + len({method.trains for method in methods})
        needed = round(n_families / ERROR_RATE) - 1
        if self.n_permutations < needed:
            raise ArgumentError(
                f"n_permutations= must be {needed} or more, so that a p-value corrected for {n_families} families of "
                f"tests can be small enough. Got {self.n_permutations}"
            )

    def shown(self, preset: str, on_error: str, groups: Any) -> dict[str, Any]:
        """Return what the result keeps of the settings."""
        own = {name: value for name, value in asdict(self).items() if name != "progress"}
        kinds = {"groups": groups if groups is None or isinstance(groups, str) else type(groups).__name__}
        return own | {"preset": preset, "on_error": on_error} | kinds
