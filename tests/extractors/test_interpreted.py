"""Kernels that numba does not compile count the same, and their rows have a token of their own."""

from tests.cache.rows import run_python

CODE = """
    import numpy as np
    from fingerprint_features import GLCM
    from fingerprint_features.cache import extractor_token
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 14), dtype=np.uint8)
    kinds = [(levels, symmetric) for levels in (32, 256) for symmetric in (True, False)]
    extractors = [GLCM(distances=2, angles=2, levels=levels, symmetric=symmetric) for levels, symmetric in kinds]
    for extractor in extractors:
        print(extractor_token(extractor).hex(), extractor.transform(images).astype(float).round(4).tolist())
"""


def test_glcm_without_compilation(monkeypatch):
    compiled = [line.split(" ", 1) for line in run_python(CODE).splitlines()]
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    interpreted = [line.split(" ", 1) for line in run_python(CODE).splitlines()]
    assert [rows for _, rows in interpreted] == [rows for _, rows in compiled]
    assert not {token for token, _ in interpreted} & {token for token, _ in compiled}
