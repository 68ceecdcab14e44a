"""Packages that only some users need: they come with an extra, and are imported when first needed."""

from importlib import import_module
from types import ModuleType


def imported(package: str, extra: str, need: str, otherwise: str = "") -> ModuleType:
    """Return an imported package of one of our extras; `need` and `otherwise` frame the cure where it is missing.

    Raises
    ------
    ImportError
        ``"<need>: pip install <extra><otherwise>"``.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(f'{need}: pip install "fingerprint_features[{extra}]"{otherwise}') from error
