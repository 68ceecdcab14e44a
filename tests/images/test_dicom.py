"""DICOM: preambles, bits, functional groups, windows, decoders and patients; pydicom writes the files."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing
from pydicom.uid import JPEG2000MC, JPEGLSLossless

from fingerprint_features.images import DecodeOptions, ImageReadError, ImageSet
from fingerprint_features.images.decode import decode_bytes

from .files import COLOUR, DEEP, GREY, HOUNSFIELD, dicom, pillow, tifffile_bytes

LOW, HIGH = -1000, 400


def read(data, **options):
    return decode_bytes(data, DecodeOptions(**options))


def in_range(values, low=LOW, high=HIGH):
    return np.clip((values.astype(np.float64) - low) / (high - low), 0, 1).astype(np.float32)


def part(**elements):
    dataset = Dataset()
    for name, value in elements.items():
        setattr(dataset, name, value)
    return dataset


@pytest.mark.parametrize(
    "preamble", [tifffile_bytes(GREY), pillow(GREY, "PNG"), pillow(COLOUR, "BMP"), b"P5 2 2 255\n"]
)
def test_the_preamble_may_hold_the_header_of_another_format(preamble):
    data = preamble[:128].ljust(128, b"\x00") + dicom(DEEP)[128:]
    np.testing.assert_array_equal(read(data), DEEP)


def test_one_bit_is_black_and_white():
    bits = GREY > 120
    data = dicom(
        GREY, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=np.packbits(bits, bitorder="little").tobytes()
    )
    np.testing.assert_array_equal(read(data), bits * np.uint8(255))
    white = dicom(
        GREY,
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        PhotometricInterpretation="MONOCHROME1",
        PixelData=np.packbits(bits, bitorder="little").tobytes(),
    )
    np.testing.assert_array_equal(read(white), ~bits * np.uint8(255))


def test_few_bits_in_a_byte_reach_white_as_in_every_other_format():
    data = dicom(GREY >> 4, BitsStored=4, HighBit=3)
    np.testing.assert_array_equal(read(data), (GREY >> 4) * 17)
    mask = dicom(GREY >> 7, BitsStored=1, HighBit=0)
    np.testing.assert_array_equal(read(mask), (GREY >> 7) * 255)


@pytest.mark.parametrize("high", [11, 13, 15])
@pytest.mark.parametrize("signed", [False, True])
def test_the_high_bit_says_where_the_stored_bits_are(high, signed):
    rng = np.random.default_rng(0)
    values = rng.integers(-2048, 2048, GREY.shape) if signed else rng.integers(0, 4096, GREY.shape)
    cells = (values & 0xFFF) << (high - 11)
    noise = rng.integers(0, 2**16, GREY.shape) & ~(
        0xFFF << (high - 11)
    )  # unused bits may hold anything, such as an overlay
    data = dicom((cells | noise).astype(np.uint16), BitsStored=12, HighBit=high, PixelRepresentation=int(signed))
    expected = in_range(values) if signed else values.astype(np.uint16)
    np.testing.assert_array_equal(read(data, value_range=(LOW, HIGH) if signed else None), expected)


@pytest.mark.parametrize(("bits", "high"), [(12, 10), (12, 16)])
def test_bits_that_cannot_be_are_damage(bits, high):
    with pytest.raises(ImageReadError, match=rf"states 12 bits up to bit {high} of 16, which cannot be \[damaged\]"):
        read(dicom(DEEP >> 4, BitsStored=bits, HighBit=high))


def rescale(slope, intercept):
    return [part(PixelValueTransformationSequence=[part(RescaleSlope=slope, RescaleIntercept=intercept)])]


def test_rescale_of_functional_groups_per_frame_and_shared():
    stored = np.stack([HOUNSFIELD + 1024, HOUNSFIELD + 3000]).astype(np.uint16)
    shared = dicom(stored, SharedFunctionalGroupsSequence=rescale(1, -1024))
    each = dicom(
        stored,
        SharedFunctionalGroupsSequence=rescale(5, 5),
        PerFrameFunctionalGroupsSequence=rescale(1, -1024) + rescale(2, -3000),
    )
    options = {"value_range": (LOW, HIGH)}
    np.testing.assert_array_equal(read(shared, page=0, **options), in_range(HOUNSFIELD))
    np.testing.assert_array_equal(read(shared, page=1, **options), in_range(HOUNSFIELD + 1976))
    np.testing.assert_array_equal(read(each, page=0, **options), in_range(HOUNSFIELD))
    np.testing.assert_array_equal(read(each, page=1, **options), in_range(2.0 * (HOUNSFIELD + 3000) - 3000))
    assert (read(each, page=0, **options) == 1).mean() < 0.2


WINDOWS = [
    {"WindowCenter": -300, "WindowWidth": 1400},
    {"WindowCenter": [40, -600], "WindowWidth": [400, 1500]},
    {"WindowCenter": 40.5, "WindowWidth": 350.25, "VOILUTFunction": "LINEAR_EXACT"},
    {"WindowCenter": 0, "WindowWidth": 2},
]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("colours", ["MONOCHROME1", "MONOCHROME2"])
def test_the_window_of_the_file_is_pydicoms(window, colours):
    data = dicom(
        (HOUNSFIELD + 1024).astype(np.uint16),
        RescaleSlope=1,
        RescaleIntercept=-1024,
        **window,
        PhotometricInterpretation=colours,
    )
    scale = part(BitsStored=12, PixelRepresentation=0, PhotometricInterpretation=colours, **window)
    shown = apply_windowing(HOUNSFIELD.astype(float), scale) / 4095
    image = read(data, value_range="window")
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, 1 - shown if colours == "MONOCHROME1" else shown, atol=1e-6)
    assert 0 < image.mean() < 1


def test_the_window_of_a_frame_comes_before_that_of_the_file():
    window = [part(FrameVOILUTSequence=[part(WindowCenter=-599.5, WindowWidth=801)])]
    frames = np.stack([HOUNSFIELD, HOUNSFIELD])
    data = dicom(frames, WindowCenter=0, WindowWidth=2, PerFrameFunctionalGroupsSequence=[part(), *window])
    np.testing.assert_array_equal(read(data, value_range="window", page=1), in_range(HOUNSFIELD, -1000, -200))
    np.testing.assert_array_equal(read(data, value_range="window", page=0), in_range(HOUNSFIELD, -1, 0))


def test_a_window_counts_at_8_bits_too_and_never_for_colour():
    data = dicom(GREY, WindowCenter=100.5, WindowWidth=101)
    np.testing.assert_array_equal(read(data, value_range="window"), in_range(GREY, 50, 150))
    inverse = dicom(GREY, WindowCenter=100.5, WindowWidth=101, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(read(inverse, value_range="window"), 1 - in_range(GREY, 50, 150), atol=1e-6)
    np.testing.assert_array_equal(read(data), GREY)
    np.testing.assert_array_equal(read(dicom(COLOUR, WindowCenter=100, WindowWidth=9), value_range="window"), COLOUR)
    np.testing.assert_array_equal(read(dicom(GREY, WindowCenter=None), value_range="window"), GREY)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            dicom(HOUNSFIELD),
            r"int16 values in a file that states no window.*value_range=.*\[needs-range\]",
        ),
        (pillow(DEEP, "PNG"), r"uint16 values in a file that states no window.*\[needs-range\]"),
        (dicom(HOUNSFIELD, WindowCenter=0, WindowWidth=1), r"LINEAR window of width 0.*\[unsupported\]"),
        (
            dicom(HOUNSFIELD, WindowCenter=0, WindowWidth=9, VOILUTFunction="SIGMOID"),
            r"SIGMOID window.*\[unsupported\]",
        ),
    ],
)
def test_no_window_is_made_up(data, words):
    with pytest.raises(ImageReadError, match=words):
        read(data, value_range="window")


@pytest.mark.parametrize("value_range", ["lung", (400, -1000), (0,), 5])
def test_other_ranges_are_refused(value_range):
    with pytest.raises(ValueError, match=r"must be None, \(low, high\) with low < high, or 'window'. Got"):
        DecodeOptions(value_range=value_range)


def test_a_missing_decoder_is_named_with_its_package():
    with pytest.raises(
        ImageReadError, match=r"JPEG-LS.*pip install 'fingerprint_features\[dicom\]'.*pyjpegls"
    ) as caught:
        read(dicom(GREY[:2], syntax=JPEGLSLossless))
    assert caught.value.failures[0].kind == "unsupported"
    with pytest.raises(ImageReadError, match=r"a DICOM file of JPEG 2000 Part 2.*: convert it to an uncompressed one"):
        read(dicom(GREY, syntax=JPEG2000MC))


@pytest.mark.parametrize("size", [(13, 13), (19, 11), (5, 13)])
def test_a_saturated_window_stays_within_0_and_1_when_resized(size):
    stack = np.full((2, 48, 48), 900, dtype=np.int16)
    stack[1, ::7, ::3] = -2000
    for image in ImageSet(stack, size=size, options=DecodeOptions(value_range=(LOW, HIGH))):
        assert image.dtype == np.float32
        assert 0 <= image.min() <= image.max() <= 1


def write(folder, **patients):
    for name, patient in patients.items():
        (folder / f"{name}.dcm").write_bytes(dicom(GREY, **({} if patient is None else {"PatientID": patient})))
    return folder


def test_patients_come_from_the_files(tmp_path):
    images = ImageSet.from_folder(write(tmp_path, a="ann ", b="bo", c="ann"), groups="PatientID")
    assert images.groups.tolist() == ["ann", "bo", "ann"]
    assert images[0].shape == GREY.shape


def test_every_file_without_a_patient_is_named(tmp_path):
    write(tmp_path, a="ann", b="", c=None)
    (tmp_path / "d.png").write_bytes(pillow(GREY, "PNG"))
    with pytest.raises(ImageReadError) as caught:
        ImageSet.from_folder(tmp_path, groups="PatientID")
    assert [(failure.id, failure.kind) for failure in caught.value.failures] == [
        ("b.dcm", "unsupported"),
        ("c.dcm", "unsupported"),
        ("d.png", "unsupported"),
    ]
    assert "its PatientID is missing or empty: pass groups=" in str(caught.value)
    assert "no DICOM file" in str(caught.value)


def test_a_word_that_is_no_dicom_keyword_is_refused(tmp_path):
    write(tmp_path, a="ann")
    with pytest.raises(ValueError, match="groups='patient' is no DICOM keyword: pass 'PatientID', a function"):
        ImageSet.from_folder(tmp_path, groups="patient")
