"""Encoded pictures of every kind, good and bad, as bytes; all made here, none read from a folder."""

import io
import os
import struct
import zlib

import numpy as np
import skimage.data
import skimage.io
from PIL import Image


def photograph(name):
    """Return a photograph that scikit-image ships in its wheel."""
    return skimage.io.imread(os.path.join(os.path.dirname(skimage.data.__file__), name))


GREY = photograph("brick.png")[:24, :32]
COLOUR = photograph("coffee.png")[100:124, 100:132]
ALPHA = np.where(np.arange(32) < 16, 0, 255).astype(np.uint8) * np.ones((24, 1), dtype=np.uint8)  # left half clear
DEEP = (GREY.astype(np.uint16) << 8) + np.arange(32, dtype=np.uint16)
DEEP_COLOUR = np.dstack([DEEP, DEEP[::-1], 65535 - DEEP])
HOUNSFIELD = (DEEP // 28).astype(np.int16) - 960
FRACTIONS = GREY.astype(np.float32) / 255


def pillow(array, format, **options):
    """Encode an array, or a Pillow image, with Pillow."""
    image = array if isinstance(array, Image.Image) else Image.fromarray(array)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def opencv(array, extension, parameters=()):
    """Encode an array, RGB where it has colours, with OpenCV."""
    import cv2

    return cv2.imencode(
        extension, array[..., [2, 1, 0, 3][: array.shape[2]]] if array.ndim == 3 else array, parameters
    )[1].tobytes()


def tifffile_bytes(array, **options):
    """Encode an array, or a list of pages, with tifffile."""
    import tifffile

    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, **{k: options.pop(k) for k in ("byteorder", "bigtiff") if k in options}) as tiff:
        for page in array if isinstance(array, list) else [array]:
            tiff.write(page, **options)
    return buffer.getvalue()


def chunk(name, body):
    """Return one PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, bits, colour, rows, extra=b""):
    """Write a PNG by hand: `colour` is PNG's own number, `rows` packed bytes, `extra` chunks before the pixels."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\x00" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def tiff(width, height, strip, **tags):
    """Write a one-strip TIFF by hand; `tags` are ``t258=8`` and the like."""
    entries = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: len(strip)}
    entries |= {int(name[1:]): value for name, value in tags.items()}
    entries[273] = 8 + 2 + 12 * len(entries) + 4
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    return b"II*\x00" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4) + strip


def dicom(array, syntax=None, **elements):
    """Write a DICOM file of one picture, or of frames ``(n, h, w)``; uncompressed, though it may claim otherwise."""
    import pydicom
    from pydicom.dataset import FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    colour = array.ndim == 3 and array.shape[-1] == 3
    dataset.Rows, dataset.Columns = array.shape[:2] if colour else array.shape[-2:]
    if array.ndim == 3 and not colour:
        dataset.NumberOfFrames = len(array)
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    bits = 8 * array.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(array.dtype.kind == "i")
    dataset.PixelData = array.tobytes()
    dataset["PixelData"].VR = "OW"
    if syntax is not None:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = encapsulate([array.tobytes()])
    for name, value in elements.items():
        setattr(dataset, name, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def turned(array, orientation, **options):
    """Encode with Pillow and an EXIF orientation tag."""
    exif = Image.Exif()
    exif[274] = orientation
    return pillow(array, exif=exif, **options)


def flip(data, position, mask=1):
    """Return the bytes with one byte changed."""
    changed = bytearray(data)
    changed[position] ^= mask
    return bytes(changed)
