"""The token of an extractor. Together with the digest of an image it identifies one row of features."""

import hashlib
import json
import sys
from numbers import Integral, Real
from typing import Any

import numpy as np

from .content import EDITED, content_digest

_SHORT = 4096


def extractor_token(extractor: Any) -> bytes:
    """Return the 32-byte token of an extractor: it changes when the values may change, and only then.

    Parameters
    ----------
    extractor : BaseExtractor
        Its class, values version, parameters (without those it declares in ``_runtime_params``) and fitted
        state are hashed.

    Returns
    -------
    bytes of length 32
    """
    text = json.dumps(describe(extractor), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=32).digest()


def describe(extractor: Any) -> dict[str, Any]:
    """Return what an extractor's token is made of, as plain JSON values."""
    kind = type(extractor)
    params = extractor.get_params(deep=False)
    # In a script, a notebook or a function the class is edited under one name, and nobody bumps its version.
    edited = kind.__module__ in EDITED or "<locals>" in kind.__qualname__
    code = {"code": content_digest(kind, describe)} if edited else {}
    module = "__main__" if kind.__module__ in EDITED else kind.__module__
    # Without compilation kernels round in another order.
    interpreted = {"interpreted": True} if "numba" in sys.modules and sys.modules["numba"].config.DISABLE_JIT else {}
    return {
        "class": f"{module}.{kind.__qualname__}",
        **code,
        **interpreted,
        "values_version": extractor._values_version,
        "params": {name: canonical(v) for name, v in params.items() if name not in extractor._runtime_params},
        "state": canonical(extractor._value_state()),
    }


def canonical(value: Any) -> Any:
    """Reduce a parameter to plain JSON values: ``1`` and ``1.0`` are one number, tuples and lists one thing."""
    if value is None or isinstance(value, (str, bool, np.bool_)):
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        value = float(value)
        return int(value) if value.is_integer() else value
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    if isinstance(value, dict):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, np.ndarray):
        return _array(value)
    if hasattr(value, "_value_state"):
        return describe(value)
    raise TypeError(
        f"a parameter of type {type(value).__name__} has no identity that survives the process, so its features "
        "cannot be cached: pass numbers, strings, arrays or extractors, or override _value_state"
    )


def _array(array):
    """Reduce an array; one that numpy would make of a short list is that list."""
    as_list = array.dtype in (np.dtype(bool), np.dtype(int), np.dtype(float)) and array.size <= _SHORT
    if as_list or array.dtype.hasobject:  # whose bytes are addresses
        return canonical(array.tolist())
    digest = hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=32).hexdigest()
    return {"array": [array.dtype.str, list(array.shape), digest]}
