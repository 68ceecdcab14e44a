"""What lint finds, against sets whose faults are counted by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from fingerprint_features import ImageSet
from fingerprint_features.audits import infer_patients, lint
from fingerprint_features.images import ImageReadError
from tests.helpers import random_images


def opened(images, patients=None, names=None):
    """Return a set of images in memory, each of a patient of its own unless patients are given."""
    ids = names or [f"{i}.png" for i in range(len(images))]
    return ImageSet(images, ids, ids if patients is None else patients)


def as_file(image, format="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(image).save(file, format, **options)
    return {"bytes": file.getvalue()}


def sets_of(seed=0, n=12, size=32):
    """Return three sets of images without any fault."""
    images = random_images(3 * n, size, seed)
    used, unused, generated = images[:n], images[n : 2 * n], images[2 * n :]
    return {
        "used": opened(used, [f"u{i}" for i in range(n)]),
        "unused": opened(unused, [f"v{i}" for i in range(n)]),
        "generated": ImageSet(generated),
    }


def kinds(found):
    return [(one.severity, one.kind, one.roles) for one in found]


def pairs(finding):
    return [(pair.id, pair.other_id) for pair in finding.pairs]


def test_sets_without_fault_have_no_finding():
    assert lint(sets_of(), "patient") == ()


def test_a_patient_in_both_roles_is_an_error_that_counts_and_names():
    sets = sets_of()
    sets["unused"].groups[:2] = ["u3", "u\n5"]
    sets["used"].groups[5] = "u\n5"
    (found,) = lint(sets, "patient")
    assert kinds([found]) == [("error", "shared-patient", ("used", "unused"))]
    assert found.text.startswith("2 of 22 patients have images in used and in unused (u\\n5, u3).")
    assert lint(sets, "image") == ()  # groups are no patients then


def test_exact_duplicates_are_listed_role_by_role_and_flat_images_are_not():
    images = random_images(40, 32)
    used, unused, generated = images[:12].copy(), images[12:24].copy(), images[24:36].copy()
    unused[3] = used[7]
    unused[4] = used[7]
    used[2] = used[1]
    generated[0], generated[1] = used[5], unused[8]
    for some in (used, unused, generated):
        some[11] = 0
    sets = {
        "used": opened(used, [f"u{i}" for i in range(12)]),
        "unused": opened(unused, [f"v{i}" for i in range(12)]),
        "generated": opened(generated),
        "foreign": opened(np.concatenate([images[36:], used[[5]]])),
    }
    found = {one.roles: one for one in lint(sets, "patient") if one.kind == "exact-duplicate"}
    assert {roles: (one.severity, pairs(one)) for roles, one in found.items()} == {
        ("used", "unused"): ("error", [("7.png", "3.png")]),
        ("used", "generated"): ("note", [("5.png", "0.png")]),
        ("unused", "generated"): ("warning", [("8.png", "1.png")]),
        ("used", "foreign"): ("warning", [("5.png", "4.png")]),
        ("generated", "foreign"): ("warning", [("0.png", "4.png")]),
        ("used",): ("note", [("2.png", "1.png")]),
        ("unused",): ("note", [("4.png", "3.png")]),
    }
    assert found["used", "unused"].text.startswith("1 of 12 used images has an exact copy in unused. ")
    assert all(pair.distance == 0 for one in found.values() for pair in one.pairs)


def near(image, n=40, seed=1):
    """Return a copy of an image with a few other pixels, which its perceptual hash hardly sees."""
    copy = image.copy()
    copy.ravel()[np.random.default_rng(seed).integers(0, copy.size, n)] ^= 8
    return copy


def test_near_duplicates_are_pairs_and_those_of_one_patient_do_not_count_within_a_set():
    sets = sets_of(size=64)
    used = np.array(list(sets["used"]))
    used[1], used[2] = near(used[0], seed=1), near(used[0], seed=2)
    patients = sets["used"].groups.copy()
    patients[1] = patients[0]  # so that 2 alone is another patient's
    unused, generated = np.array(list(sets["unused"])), np.array(list(sets["generated"]))
    unused[4], generated[6], generated[7] = near(used[8]), near(used[9]), near(unused[10])
    sets = {
        "used": opened(used, patients),
        "unused": opened(unused, sets["unused"].groups),
        "generated": opened(generated),
    }
    found = {one.roles: one for one in lint(sets, "patient")}
    assert {roles: (one.severity, sorted(pairs(one))) for roles, one in found.items()} == {
        ("used",): ("warning", [("0.png", "2.png"), ("1.png", "2.png")]),
        ("used", "unused"): ("warning", [("8.png", "4.png")]),
        ("used", "generated"): ("note", [("9.png", "6.png")]),
        ("unused", "generated"): ("note", [("10.png", "7.png")]),
    }
    assert found["used",].text.startswith(
        "3 of 12 used images have a near duplicate in used: 2 pairs differ by at most "
    )
    assert "Pairs of one patient are left out" in found["used",].text
    assert {one.kind for one in found.values()} == {"near-duplicate"}
    distances = [pair.distance for pair in found["used",].pairs]
    assert distances == sorted(distances)
    assert all(bits == int(bits) and bits < 32 for bits in distances)


def test_without_patients_every_near_duplicate_within_a_set_counts_and_patients_are_asked_for():
    sets = sets_of(size=64)
    used = np.array(list(sets["used"]))
    used[1] = near(used[0])
    sets["used"] = opened(used)
    found = lint(sets, None)
    assert kinds(found) == [
        ("warning", "patients", ("used", "unused")),
        ("warning", "near-duplicate", ("used",)),
    ]
    assert "24 images look like 23 patients" in found[0].text
    assert "give groups=" in found[0].text
    assert "slices of one patient" in found[1].text
    assert "Each image is said to be a patient of its own, but" in lint(sets, "image")[0].text


def test_an_embedding_finds_near_duplicates_too():
    from tests.helpers import Mean

    sets = sets_of(n=4)
    found = lint(sets, "patient", embedding=Mean())
    assert ("note", "near-duplicate", ("used", "generated")) in kinds(found)  # one column: all directions are equal
    assert any("(Mean)" in one.text and "cosine distance" in one.text for one in found)


@pytest.mark.parametrize("roles", [("used", "unused"), ("used", "generated"), ("candidates", "generated")])
def test_jpeg_against_png_is_a_warning_with_the_numbers(roles):
    first, second = (random_images(12, 32, seed) for seed in (0, 1))
    sets = {
        roles[0]: ImageSet([as_file(image, "JPEG") for image in first]),
        roles[1]: ImageSet([as_file(image) for image in second]),
    }
    for images in sets.values():
        images.groups = images.ids
    (found,) = [one for one in lint(sets, "image") if one.kind != "patients"]
    assert kinds([found]) == [("warning", "format", roles)]
    assert f"{roles[0]} have jpeg (12), {roles[1]} have png (12) (without exception)" in found.text
    assert "Take images of one format" in found.text


def files_of(used, unused, patients=None):
    sets = {"used": ImageSet(used), "unused": ImageSet(unused)}
    for role, images in sets.items():
        images.groups = np.array([f"{role} {name}" for name in (images.ids if patients is None else patients)])
    return {one.kind: one.text for one in lint(sets, "patient")}


def test_depth_size_and_quality_are_found_each_alone():
    grey = random_images(24, 32)
    deep = grey[12:].astype(np.uint16) * 257
    eight, sixteen = [as_file(image) for image in grey[:12]], [as_file(image) for image in deep]
    found = files_of(eight, sixteen)
    assert "used have 8-bit grey (12), unused have 16-bit grey (12)" in found["depth"]
    wide = [as_file(image[:, :16]) for image in grey[12:]]
    assert "used have 32x32 (12), unused have 32x16 (12)" in files_of(eight, wide)["size"]
    jpegs = [[as_file(image, "JPEG", quality=q) for image in part] for q, part in ((75, grey[:12]), (95, grey[12:]))]
    assert "used have quality 75 (12), unused have quality 95 (12)" in files_of(*jpegs)["compression"]
    same = [as_file(image) for image in grey[12:]]
    assert files_of(eight, same) == {}


def test_a_difference_that_chance_brings_is_no_finding_and_counts_by_patient():
    images = random_images(48, 16)
    jpeg, png = [as_file(image, "JPEG") for image in images], [as_file(image) for image in images]
    some = jpeg[:3] + png[3:24], jpeg[24:25] + png[25:48]
    assert files_of(*some) == {}
    many = jpeg[:20] + png[20:24], jpeg[24:25] + png[25:48]
    assert "used have jpeg (20), png (4), unused have png (23), jpeg (1)" in files_of(*many)["format"]
    two = ["ann"] * 20 + [f"p{i}" for i in range(4)]  # all JPEG of one patient: that says little
    assert "format" not in files_of(*many, patients=two)


def test_bytes_a_pixel_tell_the_sets_apart_where_nothing_else_does():
    rough, smooth = random_images(12, 32), random_images(12, 32, seed=1) // 64
    found = files_of([as_file(image) for image in rough], [as_file(image) for image in smooth])
    assert set(found) == {"compression"}
    assert "bytes a pixel in the median" in found["compression"]
    assert "AUC 1.000" in found["compression"]


def test_uneven_small_and_unequal_sets():
    images = random_images(60, 32)
    sets = {
        "used": opened(images[:30], [f"u{i}" for i in range(30)]),
        "unused": opened(images[30:40], list("abcdefghij")),
    }
    (found,) = lint(sets, "patient")
    assert kinds([found]) == [("warning", "balance", ("used", "unused"))]
    assert "30 used and 10 unused images" in found.text
    sets = {"used": opened(images[:2], ["u1", "u2"]), "unused": opened(images[2:4], ["v1", "v2"])}
    (found,) = lint(sets, "patient")
    assert "no p-value can be below 0.17" in found.text  # 1 in 4 over 2
    sets = {
        "used": opened(images[:30], np.repeat(np.arange(10), 3)),
        "unused": opened(images[30:40], list("abcdefghij")),
    }
    texts = [one.text for one in lint(sets, "patient")]
    assert any("A used patient has 3 images in the mean and an unused one 1" in text for text in texts)
    (found,) = lint({"candidates": opened(images[:3])}, "patient")
    assert "are 3 patients among the candidates" in found.text


def test_an_image_that_cannot_be_used_is_named_and_left_out():
    good = random_images(24, 32)
    files = [as_file(image) for image in good[:12]]
    files[4] = {"bytes": files[4]["bytes"][:40]}
    sets = {"used": ImageSet(files), "unused": ImageSet([as_file(image) for image in good[12:]])}
    for images in sets.values():
        images.groups = images.ids
    found = lint(sets, "image")
    assert ("warning", "unreadable", ("used",)) in kinds(found)
    assert found[0].text.startswith("1 of 12 used images cannot be used and is left out: 4: the PNG stops ")
    sets["used"] = sets["used"][[4]]
    with pytest.raises(ImageReadError, match="used= "):
        lint(sets, "image")


def test_one_image_and_sets_of_equal_images_are_no_trouble():
    one = opened(random_images(1, 32))
    assert {found.kind for found in lint({"used": one, "generated": one}, "patient")} == {"exact-duplicate"}
    flat = opened(np.zeros((5, 32, 32), np.uint8))
    lint({"candidates": flat, "generated": flat}, "image")


def test_patients_are_inferred_over_all_sets_and_the_finding_says_so():
    sets = sets_of(size=64)
    used = np.array(list(sets["used"]))
    used[1] = near(used[0])
    unused = np.array(list(sets["unused"]))
    unused[5] = near(used[7])
    sets = {"used": ImageSet(used), "unused": ImageSet(unused)}
    grouped, finding = infer_patients(sets)
    assert grouped["used"].groups[0] == grouped["used"].groups[1] != grouped["used"].groups[2]
    assert grouped["used"].groups[7] == grouped["unused"].groups[5]
    assert len(set(grouped["used"].groups) | set(grouped["unused"].groups)) == 22
    assert sets["used"].groups is None
    assert (finding.kind, finding.severity, finding.roles) == ("patients", "warning", ("used", "unused"))
    assert "24 images look like 22 patients" in finding.text
    assert kinds(lint(grouped, "patient"))[0] == ("error", "shared-patient", ("used", "unused"))
