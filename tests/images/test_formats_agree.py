"""The same picture gives the same numbers whatever file format, orientation, depth or container carried it."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from fingerprint_features.images import DecodeOptions, ImageReadError, ImageSet
from fingerprint_features.images.decode import decode_array, decode_bytes
from fingerprint_features.images.forms import Forms
from fingerprint_features.images.intensity import to_gray, to_rgb

from .files import dicom, opencv, photograph, pillow, tifffile_bytes, turned

# At most 256 colours, so that GIF can carry it without loss.
PHOTOGRAPHS = {
    "grey": photograph("camera.png")[100:200, 180:300],
    "colour": np.asarray(Image.fromarray(photograph("coffee.png")[100:200, 180:300]).quantize(200).convert("RGB")),
}
LOSSLESS = {
    "png": lambda a: pillow(a, "PNG"),
    "png by OpenCV": lambda a: opencv(a, ".png"),
    "bmp": lambda a: pillow(a, "BMP"),
    "tiff": lambda a: tifffile_bytes(a, photometric="rgb" if a.ndim == 3 else "minisblack"),
    "tiff, lzw": lambda a: pillow(a, "TIFF", compression="tiff_lzw"),
    "tiff, deflate": lambda a: pillow(a, "TIFF", compression="tiff_deflate"),
    "webp": lambda a: pillow(a, "WEBP", lossless=True),
    "pnm": lambda a: pillow(a, "PPM"),
    "gif": lambda a: pillow(Image.fromarray(a).quantize(256) if a.ndim == 3 else a, "GIF"),
    "jpeg 2000": lambda a: pillow(a, "JPEG2000"),
    "dicom": dicom,
}


def write(folder, name, data):
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("format", LOSSLESS)
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_lossless_formats_give_equal_grey_and_colour_forms(name, format, tmp_path):
    photo = PHOTOGRAPHS[name]
    forms = Forms(ImageSet([write(tmp_path, "file", LOSSLESS[format](photo))])[0])
    np.testing.assert_array_equal(forms.gray, np.asarray(Image.fromarray(photo).convert("L")))
    np.testing.assert_array_equal(forms.rgb, to_rgb(photo))


def test_containers_give_equal_images(tmp_path):
    photo = PHOTOGRAPHS["colour"]
    np.save(tmp_path / "stack.npy", np.stack([photo, photo]))
    mapped = np.load(tmp_path / "stack.npy", mmap_mode="r")
    for source in ([photo], photo[None], np.asfortranarray(photo)[None], mapped, [np.repeat(photo, 2, 1)[:, ::2]]):
        image = ImageSet(source)[0]
        np.testing.assert_array_equal(image, photo)
        assert image.flags.c_contiguous
        assert type(image) is np.ndarray


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(format, orientation, tmp_path):
    options = {"lossless": True} if format == "WEBP" else {}
    data = turned(PHOTOGRAPHS["colour"], orientation, format=format, **options)
    path = write(tmp_path, "file", data)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    np.testing.assert_allclose(ImageSet([path])[0].astype(int), upright, atol=4 if format == "JPEG" else 0)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_impossible_orientation_is_ignored(orientation):
    photo = PHOTOGRAPHS["grey"]
    for format in ("PNG", "TIFF"):
        np.testing.assert_array_equal(decode_bytes(turned(photo, orientation, format=format), DecodeOptions()), photo)


def test_depths_of_one_picture_agree():
    photo = PHOTOGRAPHS["grey"]
    unit = DecodeOptions(value_range=(0, 1))
    assert decode_array(photo, unit).dtype == np.uint8
    deep = decode_bytes(pillow(photo.astype(np.uint16) * 257, "PNG"), DecodeOptions())
    np.testing.assert_array_equal(deep, photo * np.uint16(257))
    for dtype in (np.float16, np.float32, np.float64, ">f4"):
        image = decode_array((photo / 255).astype(dtype), unit)
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, photo / 255, atol=5e-4 if dtype == np.float16 else 1e-7)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint32, np.uint64])
def test_integers_of_other_widths_need_a_range_and_are_clipped_to_it(dtype):
    array = np.array([[0, 10, 20, 120]], dtype=dtype)
    with pytest.raises(ImageReadError, match=np.dtype(dtype).name + ".*value_range"):
        decode_array(array, DecodeOptions())
    image = decode_array(array, DecodeOptions(value_range=(10, 60)))
    np.testing.assert_array_equal(image, np.float32([[0, 0, 0.2, 1]]))


def test_arrays_of_one_and_four_channels():
    photo = PHOTOGRAPHS["colour"]
    clear = np.zeros((*photo.shape[:2], 1), dtype=np.uint8)
    grey = photo[..., :1]
    np.testing.assert_array_equal(decode_array(grey, DecodeOptions()), grey[..., 0])
    np.testing.assert_array_equal(decode_array(np.dstack([photo, clear + 255]), DecodeOptions()), photo)
    assert not decode_array(np.dstack([photo, clear]), DecodeOptions()).any()
    np.testing.assert_array_equal(decode_array(np.dstack([photo, clear]), DecodeOptions(alpha="drop")), photo)


@pytest.mark.parametrize(
    ("channels", "dtype"), [(2, "uint8"), (2, "float32"), (4, "float32"), (4, "int16"), (4, "bool"), (4, "uint32")]
)
def test_channels_that_are_neither_grey_nor_colour_are_refused(channels, dtype):
    array = np.zeros((8, 8, channels), dtype=dtype)
    words = rf"an array of {channels} channels of {dtype}: pass one channel, array\[\.\.\., 0\], or three \(RGB\)"
    for options in (DecodeOptions(), DecodeOptions(value_range=(0, 1))):
        with pytest.raises(ImageReadError, match=words):
            ImageSet(array[None], options=options)[0]


def test_float_alpha_is_a_share_whatever_the_range_of_the_colours():
    array = np.array([[[400.0, 0.25], [100.0, 1.0]]], dtype=np.float32)  # a quarter of white over black, and 100 of 400
    kinds = {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unassalpha"]}
    unit = DecodeOptions(value_range=(0, 400))
    np.testing.assert_array_equal(decode_bytes(tifffile_bytes(array, **kinds), unit), np.float32([[0.25, 0.25]]))
    with pytest.raises(ImageReadError, match=r"alpha channel with values outside 0\.\.1"):
        decode_bytes(tifffile_bytes(array * 2, **kinds), unit)


def test_bools_are_black_and_white():
    np.testing.assert_array_equal(decode_array(np.array([[True, False]]), DecodeOptions()), np.uint8([[255, 0]]))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 8, 8), np.uint8), r"shape \(3, 8, 8\).*channels last"),
        (np.zeros((0, 8), np.uint8), r"shape \(0, 8\)"),
        (np.zeros((8, 8), complex), "complex128"),
        (np.zeros((8, 8), object), "object"),
        (np.full((8, 8), np.inf), "64 values are NaN or infinite"),
        (np.zeros((9000, 9000), bool), "9000 x 9000 pixels are more than max_pixels"),
    ],
)
def test_arrays_that_are_no_images(array, words):
    with pytest.raises(ImageReadError, match=words):
        decode_array(array, DecodeOptions())


def test_a_decoded_array_cannot_spoil_its_source():
    stack = [PHOTOGRAPHS["grey"].copy()]
    image = ImageSet(stack)[0]
    with pytest.raises(ValueError, match="read-only"):
        image[0, 0] = 1
    forms = Forms(image)
    assert not any(form.flags.writeable for form in (forms.image, forms.gray, forms.rgb))
    stack[0][0, 0] += 1  # the user's own array stays writeable


def test_size_is_reached_by_area_interpolation(tmp_path):
    photo = PHOTOGRAPHS["grey"]
    path = write(tmp_path, "file", pillow(photo, "PNG"))
    small = ImageSet([path], size=(50, 60))[0]
    blocks = photo.reshape(50, 2, 60, 2).mean(axis=(1, 3))
    assert small.dtype == np.uint8
    np.testing.assert_allclose(small, blocks, atol=0.5)
    assert ImageSet([path], size=30)[0].shape == (30, 30)
    assert ImageSet([path], size=(200, 150))[0].shape == (200, 150)


def test_resized_grey_is_grey_in_every_form():
    grey = PHOTOGRAPHS["grey"]
    small = ImageSet(to_rgb(grey)[None], size=(37, 41))[0]
    np.testing.assert_array_equal(to_gray(small), ImageSet(grey[None], size=(37, 41))[0])


@pytest.mark.parametrize("size", [(10**6, 10**6), (9000, 9000), 10**5])
def test_a_size_beyond_reason_is_refused_before_any_image_is_read(size):
    with pytest.raises(ValueError, match=r"size=\(.*\) is .height, width. in pixels.*=6.4e\+07.*smaller size"):
        ImageSet(["no-such-file.png"], size=size)
    with pytest.raises(ValueError, match=r"max_pixels=100\)"):
        ImageSet(["no-such-file.png"], size=11, options=DecodeOptions(max_pixels=100))
