"""The deforming decoder: no field gives the template, a field stretches it, and places keep their order."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")


@pytest.fixture
def ramp():
    """Return the column's number in each of 8 x 8 pixels."""
    return torch.arange(8.0).expand(1, 1, 8, 8)


@pytest.mark.parametrize("side", [7, 16])
def test_no_field_gives_the_template(side):
    from fingerprint_features.learned.architectures.decoders import deform

    template = torch.from_numpy(np.random.default_rng(0).random((3, 2, side, side), dtype=np.float32))
    np.testing.assert_allclose(deform(template, torch.zeros(3, 2, side, side)), template, atol=1e-5)


def test_steps_of_two_pixels_stretch_the_template_along_their_own_axis(ramp):
    from fingerprint_features.learned.architectures.decoders import deform

    field = torch.zeros(1, 2, 8, 8)
    field[:, 0] = np.arctanh(np.log(2))
    stretched = deform(ramp, field)[0, 0]
    np.testing.assert_allclose(stretched, [[0.5, 2.5, 4.5, 6.5, 7, 7, 7, 7]] * 8, atol=1e-5)
    np.testing.assert_allclose(deform(ramp.mT, field.mT.flip(1))[0, 0], stretched.T, atol=1e-5)
    np.testing.assert_allclose(deform(ramp.mT, field)[0, 0], ramp[0, 0].T, atol=1e-5)


def test_nothing_is_folded_over(ramp):
    from fingerprint_features.learned.architectures.decoders import deform

    field = torch.from_numpy(np.random.default_rng(0).normal(0, 5, (1, 2, 8, 8)).astype(np.float32))
    field[:, 1] = 0
    assert (deform(ramp, field)[0, 0].diff(dim=1) >= -1e-5).all()


def test_half_of_the_code_makes_the_template_and_half_the_field():
    from fingerprint_features.learned.architectures.decoders import DECODERS

    decoder, code = DECODERS["deforming"](6, 16, 1).eval(), torch.randn(2, 6)
    torch.nn.init.normal_(decoder.field.layers[-1].weight)
    template, field = decoder.parts(code)
    other = code.clone()
    other[:, 3:] += 1
    assert torch.equal(decoder.parts(other)[0], template)
    assert not torch.equal(decoder.parts(other)[1], field)
    made, rough = decoder(code)
    assert not torch.allclose(made, template)
    assert rough > 0
