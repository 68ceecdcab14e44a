"""DICOM: modality values (Hounsfield units for CT), white is high, and the file's own window where it is asked for."""

import io
from typing import Any

import numpy as np

from .errors import ImageFailure, ImageReadError
from .options import DecodeOptions
from .picture import Picture, check_size, damaged, pick_page, unsupported


def read_dicom(data: bytes, kind: str, options: DecodeOptions) -> Picture:
    """Decode one frame of a DICOM file."""
    dataset = read_dataset(data)
    from pydicom.pixels import apply_rescale

    if "Rows" not in dataset or "Columns" not in dataset:
        raise unsupported("a DICOM file without a picture (a report or a plan)")
    check_size(int(dataset.Columns), int(dataset.Rows), options)
    page = pick_page(int(dataset.get("NumberOfFrames") or 1), options, "frames")
    colours, bits = dataset.get("PhotometricInterpretation"), int(dataset.get("BitsStored") or dataset.BitsAllocated)
    if colours == "PALETTE COLOR":
        raise unsupported("a palette DICOM: convert it to grey or RGB")
    pixels = apply_rescale(_stored(dataset, page), _of_frame(dataset, page, "PixelValueTransformationSequence"))
    window = None
    if options.value_range == "window" and colours in ("MONOCHROME1", "MONOCHROME2"):
        window = _window(_of_frame(dataset, page, "FrameVOILUTSequence"))
    if colours == "MONOCHROME1":  # low is white
        pixels = _mirror(pixels, bits, window or (None if pixels.dtype == np.uint8 else options.value_range))
    if pixels.dtype == np.uint8 and bits < 8:  # masks of one bit are 0 and 255, as in every other format
        pixels = np.rint(pixels * (255 / (2**bits - 1))).astype(np.uint8)
    return Picture(pixels, value_range=window)


def patients(images: Any, keyword: str) -> list[str]:
    """Return one element of every DICOM file of an ImageSet, for example its ``PatientID``, as a list of str.

    Raises ImageReadError, which names every file that is no DICOM file or leaves the element empty.
    """
    from pydicom.datadict import tag_for_keyword

    if tag_for_keyword(keyword) is None:
        raise ValueError(
            f"groups={keyword!r} is no DICOM keyword: pass 'PatientID', a function from id to label, or labels"
        )
    values, failures = [], []
    for i, id in enumerate(images.ids):
        try:
            dataset = read_dataset(images.raw(i), stop_before_pixels=True, specific_tags=[keyword])
            value = str(dataset.get(keyword) or "").strip()
            if not value:
                raise unsupported(
                    f"its {keyword} is missing or empty: pass groups= as labels or a function from id to label"
                )
            values.append(value)
        except ImageReadError as error:
            failures += [ImageFailure(str(id), failure.kind, failure.reason) for failure in error.failures]
    if failures:
        raise ImageReadError(failures)
    return values


def read_dataset(data: bytes, **options: Any) -> Any:
    """Return the dataset of a DICOM file; `options` are those of ``pydicom.dcmread``. Raises ImageReadError."""
    try:
        import pydicom
    except ImportError as error:
        raise unsupported("a DICOM file: install the reader with pip install 'fingerprint_features[dicom]'") from error
    try:
        return pydicom.dcmread(io.BytesIO(data), **options)
    except pydicom.errors.InvalidDicomError as error:
        raise unsupported("no DICOM file") from error


def _stored(dataset, page):
    """Return the stored values of a frame; pydicom expects them in the lowest bits, and the file may say otherwise."""
    from pydicom.pixels import pixel_array
    from pydicom.uid import RLELossless

    syntax, above = dataset.file_meta.TransferSyntaxUID, 0
    if "HighBit" in dataset and (not syntax.is_encapsulated or syntax == RLELossless):
        above = dataset.HighBit + 1 - dataset.BitsStored
        if above < 0 or dataset.HighBit >= dataset.BitsAllocated:
            raise damaged(
                f"the DICOM states {dataset.BitsStored} bits up to bit {dataset.HighBit} of {dataset.BitsAllocated}, "
                "which cannot be"
            )
        dataset.BitsStored += above  # pydicom then clears what is higher and keeps the sign
    try:
        stored = pixel_array(dataset, index=page)
        return stored >> above if above else stored
    except NotImplementedError as error:
        raise unsupported(f"a DICOM file of {syntax.name}: convert it to an uncompressed one") from error
    except RuntimeError as error:
        raise unsupported(
            f"a DICOM file of {syntax.name} that no installed decoder reads: pip install 'fingerprint_features[dicom]' "
            "brings python-gdcm (JPEG), pyjpegls (JPEG-LS) and pylibjpeg-openjpeg (JPEG 2000); only "
            f"pylibjpeg-libjpeg (GPL, not in the extra) reads JPEG of 12 bits. pydicom says: {error}"
        ) from error


def _of_frame(dataset, page, name):
    """Return the item about a frame from the functional groups of an enhanced file, or the dataset if there is none."""
    for groups, place in (("PerFrameFunctionalGroupsSequence", page), ("SharedFunctionalGroupsSequence", 0)):
        items = dataset.get(groups) or []
        if place < len(items) and items[place].get(name):
            return items[place].get(name)[0]
    return dataset


def _window(part):
    """Return the first window as (low, high), or None where the file states none (DICOM PS3.3 C.11.2.1.2)."""
    values = [part.get(name) for name in ("WindowCenter", "WindowWidth")]
    if any(value is None or value == "" for value in values):
        return None
    centre, width = (float(np.atleast_1d(value)[0]) for value in values)
    function = part.get("VOILUTFunction") or "LINEAR"
    if function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if function not in ("LINEAR", "LINEAR_EXACT") or width <= 0:
        raise unsupported(f"a {function} window of width {width:g}: choose the range with value_range=(low, high)")
    return centre - width / 2, centre + width / 2


def _mirror(pixels, bits, value_range):
    if isinstance(value_range, tuple):
        return sum(value_range) - pixels.astype(np.float64)
    if pixels.dtype in (np.uint8, np.uint16):
        top = 2**bits - 1
        return top - np.minimum(pixels, top)
    return pixels  # to be refused: nothing says around which value to mirror
