"""What a file is, from its first bytes; names and extensions are never trusted."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
)

_NOT_IMAGES = (
    (b"version https://git-lfs", "a git-lfs pointer, not the image itself: run 'git lfs pull'"),
    (b"\x93NUMPY", "a NumPy array file: load it with numpy.load and pass the array"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\x89HDF", "an HDF5 file: read its data set and pass the array"),
    (b"%PDF", "a PDF document: export its pictures"),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)


def sniff(data: bytes) -> str | None:
    """Return the format of encoded image bytes (``"png"``, ``"jpeg"``, ...), or None if the format is not supported."""
    if data[128:132] == b"DICM":  # first: the 128 bytes before it may hold the header of another format
        return "dicom"
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:  # "BM" alone may begin a text
        return "bmp"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace():
        return "pnm"
    return None


def explain(data: bytes) -> str:
    """Say what a file that is not an image most likely is, and what to do."""
    for magic, cause in _NOT_IMAGES:
        if data.startswith(magic):
            return cause
    if data[4:8] == b"ftyp":
        return "a HEIC or AVIF picture, or a video: convert it to PNG or JPEG"
    if data[344:348] in (b"n+1\x00", b"ni1\x00"):
        return "a NIfTI volume: load it with nibabel and pass its slices as arrays"
    head = data[:512].lower()
    if b"<!doctype html" in head or b"<html" in head:
        return "an HTML page (a failed download?): fetch the image again"
    if b"<svg" in head:
        return "an SVG drawing, which has no pixels: render it to PNG first"
    if min(head, default=0) >= 9:
        return "a text file, not an image: leave it out"
    return "not a supported image format (PNG, JPEG, BMP, TIFF, WebP, GIF, JPEG 2000, PNM, DICOM)"
