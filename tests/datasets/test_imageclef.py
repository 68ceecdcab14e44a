"""The challenge's folders: what is read, in which order, and the message when a folder is another one."""

import shutil

import cv2
import numpy as np
import pytest

from fingerprint_features import ImageSet, Task, load_imageclef_gans, make_attribution_task, make_membership_task


def write(root, *names):
    """Write one small image a name; its grey level is its place in the list."""
    for level, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        suffix = path.suffix.lower() if path.suffix else ".png"
        path.write_bytes(cv2.imencode(suffix, np.full((8, 8), level, dtype=np.uint8))[1].tobytes())


TRAIN = ["generated/1.png", "generated/10.png", "generated/2.png", "real_used/7.png", "real_not_used/3.png"]


def test_2025_detection_in_natural_order(tmp_path):
    write(tmp_path, *TRAIN)
    task = load_imageclef_gans(tmp_path, 2025, 1, "train")
    assert task.reference.ids.tolist() == ["generated/1.png", "generated/2.png", "generated/10.png"]
    assert [int(image[0, 0]) for image in task.reference] == [0, 2, 1]
    assert task.X.ids.tolist() == ["real_used/7.png", "real_not_used/3.png"]
    assert task.y.tolist() == [1, 0]
    assert task.holdout is task.groups is task.origin is task.reference_y is None


def test_2023_folders_and_splits(tmp_path):
    write(tmp_path, "generated/generated_0001.png", "used/used_0001.png", "not_used/not_used_0001.png")
    write(tmp_path, "generated_1/generated_00001.png", "real_unknown_1/real_unknown_0001.png")
    dev = load_imageclef_gans(tmp_path, 2023, 1, "dev")
    assert dev.X.ids.tolist() == ["used/used_0001.png", "not_used/not_used_0001.png"]
    test = load_imageclef_gans(tmp_path, 2023, 1, "test")
    assert test.y is None
    assert test.X.ids.tolist() == ["real_unknown_1/real_unknown_0001.png"]
    assert test.reference.ids.tolist() == ["generated_1/generated_00001.png"]


def test_2025_detection_test_split(tmp_path):
    write(tmp_path, "generated/1.png", "real_unknown/1.png", "real_unknown/2.png")
    task = load_imageclef_gans(tmp_path, 2025, 1, "test")
    assert task.y is None
    assert len(task.X) == 2


def test_2025_attribution_accepts_both_names_of_a_subset(tmp_path):
    write(tmp_path, "real/t1/b/1.png", "real/gen_t2/1.png", "real/t10/1.png")
    write(tmp_path, "generated/gen_t1/1.png", "generated/gen_t1/2.png", "generated/T2/1.png", "generated/t10/1.png")
    task = load_imageclef_gans(tmp_path, 2025, 2, "train")
    assert task.y.tolist() == [1, 1, 2, 10]
    assert task.X.ids.tolist() == [
        "generated/gen_t1/1.png",
        "generated/gen_t1/2.png",
        "generated/T2/1.png",
        "generated/t10/1.png",
    ]
    assert task.reference_y.tolist() == [1, 2, 10]
    assert task.reference.ids.tolist() == ["real/t1/b/1.png", "real/gen_t2/1.png", "real/t10/1.png"]


def test_2025_attribution_test_split(tmp_path):
    write(tmp_path, "Subtask2_test/generated_unknown/2.png", "Subtask2_test/generated_unknown/10.png")
    task = load_imageclef_gans(tmp_path, 2025, 2, "test")
    assert task.X.ids.tolist() == ["generated_unknown/2.png", "generated_unknown/10.png"]
    assert task.y is task.reference is None


def test_any_letter_case_and_jpeg_and_nested_folders(tmp_path):
    write(tmp_path, "Generated/A/1.JPG", "Generated/2.jpeg", "Real_Used/1.PNG", "REAL_NOT_USED/x/1.png")
    task = load_imageclef_gans(tmp_path, 2025, 1, "train")
    assert task.X.ids.tolist() == ["Real_Used/1.PNG", "REAL_NOT_USED/x/1.png"]
    assert task.y.tolist() == [1, 0]
    assert len(task.reference.decode()) == 2


@pytest.mark.parametrize("above", ["", "ImageCLEF25_GAN_Detect_Training_Data_Usage_training-dataset", "a/b"])
def test_root_may_be_the_folder_or_one_above_it(tmp_path, above):
    write(tmp_path / above, *TRAIN)
    assert load_imageclef_gans(tmp_path, 2025, 1, "train").X.ids[0] == "real_used/7.png"


def test_patients_come_from_ids(tmp_path):
    write(tmp_path, *TRAIN, "holdout/9.png")
    task = load_imageclef_gans(str(tmp_path), 2025, 1, "train", groups=lambda id: id[-5])
    assert task.groups.tolist() == task.X.groups.tolist() == ["7", "3"]
    assert task.reference.groups is None
    assert task.holdout.groups.tolist() == ["9"]


def test_missing_folders_are_named_with_what_was_found(tmp_path):
    write(tmp_path, "generated/1.png", "real_used/1.png")
    (tmp_path / "notes.txt").write_text("")
    message = (
        r".* is not the 2025 subtask 1 train set: there should be folders generated/ and real_used/ \(or used/\) and "
        r"real_not_used/ \(or .*\), for example generated/1.png, real_used/1.png, real_not_used/1.png; "
        r"there are generated/, real_used/, 1 file$"
    )
    with pytest.raises(ValueError, match=message) as error:
        load_imageclef_gans(tmp_path, 2025, 1, "train")
    assert str(tmp_path) in str(error.value)


def test_the_other_split_is_told_apart(tmp_path):
    write(tmp_path, *TRAIN)
    with pytest.raises(ValueError, match=r"test set: .* real_unknown_1/ \(or real_unknown/\).* there are generated/"):
        load_imageclef_gans(tmp_path, 2025, 1, "test")


def test_an_empty_folder_and_a_crowded_one(tmp_path):
    with pytest.raises(ValueError, match="there is nothing in it"):
        load_imageclef_gans(tmp_path, 2025, 2, "test")
    (tmp_path / "one.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"generated_unknown/1\.png; there is 1 file"):
        load_imageclef_gans(tmp_path, 2025, 2, "test")
    for k in range(12):
        (tmp_path / f"folder{k}").mkdir()
    with pytest.raises(ValueError, match=r"there are folder0/, .*folder7/, 4 more folders, 1 file"):
        load_imageclef_gans(tmp_path, 2025, 2, "test")


def test_two_copies_below_root_are_both_named(tmp_path):
    write(tmp_path / "a", *TRAIN)
    write(tmp_path / "b", *TRAIN)
    with pytest.raises(ValueError, match=r"holds the 2025 subtask 1 train set 2 times: pass one of .*a, .*b"):
        load_imageclef_gans(tmp_path, 2025, 1, "train")


def test_subsets_must_be_there_and_agree(tmp_path):
    write(tmp_path, "generated/gen_t1/1.png")
    (tmp_path / "real" / "x").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"real should hold a folder for every subset .* there is x/"):
        load_imageclef_gans(tmp_path, 2025, 2, "train")
    write(tmp_path, "real/t1/1.png", "real/t2/1.png")
    with pytest.raises(ValueError, match=r"same subsets; there are real \[1, 2\], generated \[1\]"):
        load_imageclef_gans(tmp_path, 2025, 2, "train")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("used/8.png", "real_used/ and used/, which mean the same"),
        ("not_used/8.png", "not_used/ and real_not_used/, which mean the same"),
        ("Generated/8.png", "Generated/ and generated/, which mean the same"),
        ("generated_2/8.png", "generated/ and generated_2/, which mean the same"),
        ("generated (1)/8.png", r"generated/ and generated \(1\)/, which mean the same"),
        ("8.png", "1 images outside of its folders, for example 8.png: move"),
    ],
)
def test_no_image_of_detection_is_left_out_silently(tmp_path, extra, words):
    write(tmp_path, *TRAIN, "masks/1.png", "notes_2025/1.png")
    load_imageclef_gans(tmp_path, 2025, 1, "train")  # folders of another meaning do no harm
    write(tmp_path, extra)
    with pytest.raises(ValueError, match=words):
        load_imageclef_gans(tmp_path, 2025, 1, "train")


def test_two_sets_of_generated_or_unknown_or_held_out_images_are_refused(tmp_path):
    write(tmp_path / "a", "generated_1/1.png", "generated_2/1.png", "real_unknown_1/1.png")
    with pytest.raises(ValueError, match="generated_1/ and generated_2/, which mean the same"):
        load_imageclef_gans(tmp_path / "a", 2023, 1, "test")
    write(tmp_path / "b", "generated_1/1.png", "real_unknown_1/1.png", "real_unknown/1.png")
    with pytest.raises(ValueError, match="real_unknown/ and real_unknown_1/, which mean the same"):
        load_imageclef_gans(tmp_path / "b", 2023, 1, "test")
    write(tmp_path / "c", *TRAIN, "holdout/1.png", "Holdout/1.png")
    with pytest.raises(ValueError, match="Holdout/ and holdout/, which mean the same"):
        load_imageclef_gans(tmp_path / "c", 2025, 1, "train")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("real/gen_t1/8.png", "gen_t1/ and t1/, which mean the same"),
        ("generated/T2/8.png", "T2/ and gen_t2/, which mean the same"),
        ("real/other/8.png", "real holds 1 images that belong to no subset, for example other/8.png: move them"),
        ("generated/8.png", "generated holds 1 images that belong to no subset, for example 8.png: move them"),
    ],
)
def test_no_image_of_attribution_is_left_out_silently(tmp_path, extra, words):
    write(tmp_path, "real/t1/1.png", "real/t2/1.png", "generated/gen_t1/1.png", "generated/gen_t2/1.png")
    load_imageclef_gans(tmp_path, 2025, 2, "train")
    write(tmp_path, extra)
    with pytest.raises(ValueError, match=words):
        load_imageclef_gans(tmp_path, 2025, 2, "train")


def test_a_folder_without_images_is_named(tmp_path):
    write(tmp_path, *TRAIN)
    shutil.rmtree(tmp_path / "real_used")
    (tmp_path / "real_used").mkdir()
    with pytest.raises(ValueError, match="real_used holds no image files"):
        load_imageclef_gans(tmp_path, 2025, 1, "train")


def test_root_must_be_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is no folder: pass the folder of the 2023 subtask 1 dev set"):
        load_imageclef_gans(tmp_path / "nowhere", 2023, 1, "dev")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="file is no folder"):
        load_imageclef_gans(tmp_path / "file", 2023, 1, "dev")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2024, 1, "train"), "the 'year' parameter of load_imageclef_gans must be one of 2023, 2025. Got 2024"),
        ((2023, 2, "dev"), "the 'subtask' parameter of load_imageclef_gans for 2023 must be one of 1. Got 2"),
        ((2025, 3, "train"), "the 'subtask' parameter of load_imageclef_gans for 2025 must be one of 1, 2. Got 3"),
        (
            (2025, 1, "dev"),
            "the 'split' parameter of load_imageclef_gans for 2025 must be one of 'train', 'test'. Got 'dev'",
        ),
        ((2023, 1, "train"), "for 2023 must be one of 'dev', 'test'. Got 'train'"),
    ],
)
def test_what_there_never_was_is_refused(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_imageclef_gans(tmp_path, *arguments)


def same_images(a, b):
    return np.array_equal(a.decode(), b.decode())


def test_a_membership_task_comes_back_from_its_folder(tmp_path):
    task = make_membership_task(5, 4, 11, n_holdout=2, slices_per_patient=2, image_size=16, random_state=0)
    task.to_folder(tmp_path / "new")
    back = load_imageclef_gans(tmp_path, 2025, 1, "train", groups=lambda id: id.split("/")[1].split("_")[0])
    for label in (1, 0):
        assert same_images(back.X[back.y == label], task.X[task.y == label])
        assert back.groups[back.y == label].tolist() == task.groups[task.y == label].tolist()
    assert same_images(back.reference, task.reference)
    assert same_images(back.holdout, task.holdout)
    assert back.reference.ids.tolist() == [f"generated/g{i:04d}.png" for i in range(1, 12)]
    again = tmp_path / "again"
    back.to_folder(again)
    third = load_imageclef_gans(again, 2025, 1, "train")
    assert third.X.ids.tolist() == back.X.ids.tolist()


def test_an_attribution_task_comes_back_from_its_folder(tmp_path):
    task = make_attribution_task(2, 3, 4, image_size=16, random_state=0)
    task.to_folder(tmp_path)
    back = load_imageclef_gans(tmp_path, 2025, 2, "train")
    for subset in (1, 2):
        assert same_images(back.X[back.y == subset], task.X[task.y == subset])
        assert same_images(back.reference[back.reference_y == subset], task.reference[task.reference_y == subset])


def test_tasks_without_truth_come_back_from_their_folders(tmp_path):
    detect = make_membership_task(2, 2, 3, image_size=16, random_state=0)
    Task(detect.X, None, detect.reference).to_folder(tmp_path / "detect")
    back = load_imageclef_gans(tmp_path / "detect", 2025, 1, "test")
    assert back.y is None
    assert same_images(back.X, detect.X)
    assert same_images(back.reference, detect.reference)
    Task(detect.reference, None, None).to_folder(tmp_path / "attribute")
    back = load_imageclef_gans(tmp_path / "attribute", 2025, 2, "test")
    assert same_images(back.X, detect.reference)


@pytest.mark.parametrize("ids", [["b", "a"], ["x/1.png", "y/1.png"], ["a", "A"], ["../a", ".b"], ["1 2", "3?"]])
def test_ids_that_make_no_file_names_become_numbers_in_the_same_order(tmp_path, ids):
    images = ImageSet(np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8), ids)
    Task(images, np.array([1, 1]), images[:1]).to_folder(tmp_path)
    names = sorted(path.name for path in (tmp_path / "real_used").iterdir())
    assert names == ["00001.png", "00002.png"]
    assert same_images(ImageSet.from_folder(tmp_path / "real_used"), images)


def test_colour_and_16_bit_images_keep_their_pixels(tmp_path):
    rng = np.random.default_rng(0)
    for k, images in enumerate(
        [rng.integers(0, 256, (2, 8, 8, 3), np.uint8), rng.integers(0, 2**16, (2, 8, 8), np.uint16)]
    ):
        Task(ImageSet(images), np.array([1, 0]), ImageSet(images)).to_folder(tmp_path / str(k))
        back = load_imageclef_gans(tmp_path / str(k), 2025, 1, "train")
        np.testing.assert_array_equal(back.X.decode(), images)


def test_float_images_have_no_place_in_a_png(tmp_path):
    from fingerprint_features import DecodeOptions

    images = ImageSet(np.zeros((1, 8, 8), np.float32), options=DecodeOptions(value_range=(0, 1)))
    with pytest.raises(ValueError, match=r"0\.png: PNG holds 8 or 16 bits a channel, not float32"):
        Task(images, np.array([1]), images).to_folder(tmp_path)


def test_a_folder_that_holds_something_is_not_written_over(tmp_path):
    task = make_membership_task(1, 1, 1, image_size=16, random_state=0)
    task.to_folder(tmp_path)
    with pytest.raises(FileExistsError, match="generated is not empty: write the task to a new folder"):
        task.to_folder(tmp_path)


def test_the_repr_is_short():
    task = make_membership_task(2, 2, 2, image_size=16, random_state=0)
    assert repr(task) == ("Task(X=ImageSet(4 arrays, 4 groups), reference=ImageSet(2 arrays), holdout=None, pool=None)")
