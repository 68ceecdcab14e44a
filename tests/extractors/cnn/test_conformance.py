"""CNNEmbedding passes the suite that all extractors pass, up to the rounding of sums that depend on the batch."""

import pytest
from sklearn.utils import estimator_checks

from fingerprint_features import CNNEmbedding
from fingerprint_features.testing import extractor_checks, parametrize_with_extractor_checks

from .nets import DEVICE, need_torch

torch = need_torch()

SEVERAL = CNNEmbedding(
    "squeezenet1_1", weights=None, layer=["features.2", "features.3.expand3x3"], pool="attention", batch_size=2
)


@pytest.fixture(autouse=True)
def one_thread():
    """Let several files of tests run beside each other without waiting for each other's threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@parametrize_with_extractor_checks([CNNEmbedding(device=DEVICE), SEVERAL.set_params(device=DEVICE)], tolerance=1e-4)
def test_conformance(extractor, check):
    check(extractor)


def test_it_gets_every_check():
    assert len(list(extractor_checks(CNNEmbedding()))) == 42


def test_scikit_learn_finds_no_fault_with_its_constructor():
    for check in (
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
    ):
        check("CNNEmbedding", CNNEmbedding())
