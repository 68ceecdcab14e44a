"""Results as other programs take them: values for JSON, and tables for pandas."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .extras import imported

if TYPE_CHECKING:
    import pandas as pd


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: NaN and infinity are None, what is no number or container is text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def as_frame(columns: Mapping[str, Sequence[Any]], dtypes: Mapping[str, str] | None = None) -> "pd.DataFrame":
    """Return columns by name as a pandas frame; raise ImportError where there is no pandas."""
    pd = imported("pandas", "frames", "frames need pandas", " (columns() gives plain lists)")
    return pd.DataFrame(columns).astype(dict(dtypes or {}))
