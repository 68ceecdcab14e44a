"""
Finding near duplicates in two folders
======================================

Perceptual hashes of all images of two folders, and the nearest neighbours of each. Nothing here knows of generators:
the same lines find photographs that were saved twice.

Run it with ``python examples/04_near_duplicates.py``; the picture is saved as ``near_duplicates.png`` where you stand.
"""

import tempfile
from pathlib import Path

import numpy as np
from skimage import data, exposure, io, transform

from fingerprint_features import FaissNearestNeighbors, FeaturePipeline, ImageSet, PHash, retrieve
from fingerprint_features.report import draw_pairs

# %%
# Two folders
# -----------
# The first one holds photographs that scikit-image ships. The second one holds three of them again: one as a JPEG
# file, one smaller and brighter, one mirrored. Two other pictures keep them company.

folder = tempfile.TemporaryDirectory()
first, second = Path(folder.name, "first"), Path(folder.name, "second")
first.mkdir()
second.mkdir()
for name in ("brick", "camera", "coins", "grass", "gravel", "moon"):
    io.imsave(first / f"{name}.png", getattr(data, name)(), check_contrast=False)
smaller = transform.resize(data.coins(), (200, 256), anti_aliasing=True)
again = {
    "camera.jpg": data.camera(),
    "coins_small_bright.png": np.uint8(255 * exposure.adjust_gamma(smaller, 0.7)),
    "moon_mirrored.png": data.moon()[:, ::-1],
    "page.png": data.page(),
    "text.png": data.text(),
}
for name, image in again.items():
    io.imsave(second / name, np.ascontiguousarray(image), check_contrast=False)

# %%
# The nearest neighbour of each image
# -----------------------------------
# The hash has 256 bits, and the distance is the share that differs. Unrelated images differ in about half of their
# bits, copies in few. To a hash another compression, size or brightness is the same picture, and a mirrored one is not.

here, there = ImageSet.from_folder(first), ImageSet.from_folder(second)
hashes = FeaturePipeline([PHash()], cache=Path(folder.name, "hashes.cache"))
by_bits = FaissNearestNeighbors(metric="hamming")
nearest = retrieve(there, here, features=hashes, k=1, neighbors=by_bits)
nearest = nearest.sort_values("distance").reset_index(drop=True)
print(nearest[["id", "neighbour_id", "distance"]].to_string(index=False))

# %%
# Unrelated images are far from a fifth of the bits, so that is where the cut lies.

NEAR = 0.2
copies = nearest[nearest["distance"] < NEAR]
print(f"\n{len(copies)} near duplicates")

# %%
# A mirrored picture is found by asking about the mirrored images too. The cache has the hashes of the first folder
# already.

mirrored = ImageSet([image[:, ::-1] for image in there], there.ids)
turned = retrieve(mirrored, here, features=hashes, k=1, neighbors=by_bits)
print(f"mirrored: {', '.join(turned.loc[turned['distance'] < NEAR, 'id'])}")

# %%
# The pairs, with their differences.

picture = draw_pairs(there[list(copies["id"])], here[list(copies["neighbour_id"])])
picture.savefig("near_duplicates.png")
folder.cleanup()
print("\npicture: near_duplicates.png")
