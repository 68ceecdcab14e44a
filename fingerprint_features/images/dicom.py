"""DICOM: stored values to modality values (Hounsfield units for CT), white is high; no windowing of its own."""

import io

import numpy as np

from .picture import Picture, check_size, pick_page, unsupported


def read_dicom(data, kind, options):
    """Decode one frame of a DICOM file."""
    try:
        import pydicom
        from pydicom.pixels import apply_rescale, pixel_array
    except ImportError as error:
        raise unsupported("a DICOM file: install the reader with pip install 'fingerprint_features[dicom]'") from error
    dataset = pydicom.dcmread(io.BytesIO(data))
    if "Rows" not in dataset or "Columns" not in dataset:
        raise unsupported("a DICOM file without a picture (a report or a plan)")
    check_size(int(dataset.Columns), int(dataset.Rows), options)
    page = pick_page(int(dataset.get("NumberOfFrames") or 1), options, "frames")
    colours = dataset.get("PhotometricInterpretation")
    if colours == "PALETTE COLOR":
        raise unsupported("a palette DICOM: convert it to grey or RGB")
    try:
        stored = pixel_array(dataset, index=page)
    except (RuntimeError, NotImplementedError) as error:  # pydicom's text says which codec package to add
        raise unsupported(f"pydicom lacks a decoder: {error}") from error
    pixels = apply_rescale(stored, dataset)
    if colours == "MONOCHROME1":  # low is white
        pixels = _mirror(pixels, int(dataset.BitsStored), options.value_range)
    return Picture(pixels)


def _mirror(pixels, bits, value_range):
    if pixels.dtype == np.uint8 or (pixels.dtype == np.uint16 and value_range is None):
        top = 2**bits - 1
        return top - np.minimum(pixels, top)
    if value_range is None:
        return pixels  # to be refused: nothing says around which value to mirror
    return sum(value_range) - pixels.astype(np.float64)
