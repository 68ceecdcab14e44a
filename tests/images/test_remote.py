"""Images at URLs: the same rows as from local files, and failures that name the address."""

import functools
import pickle
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from fingerprint_features import FeatureCache, FeaturePipeline, ImageReadError, ImageSet, check_images
from fingerprint_features.images.remote import is_url, join_url
from tests.helpers import Mean, count_lines, random_images, write_images

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
IMAGES = random_images(12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    write_images(folder / "patient1", IMAGES[:6])
    write_images(folder / "patient2", IMAGES[6:])
    (folder / "labels.csv").write_text("no image")
    (folder / ".hidden").mkdir()
    write_images(folder / ".hidden", IMAGES[:1])
    return folder


@pytest.fixture(scope="module")
def urls(folder, tmp_path_factory):
    """The same folder in four places."""
    archive = tmp_path_factory.mktemp("archive") / "scans.zip"
    memory = fsspec.filesystem("memory")
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.rglob("*.*"):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                file.write(path, f"study/{name}")
                memory.pipe(f"/study/{name}", path.read_bytes())

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "local": f"file://{folder}",
            "zip": f"zip://study::{archive}",
            "memory": "memory://study",
            "http": f"http://127.0.0.1:{server.server_port}/",
        }
        server.shutdown()


PLACES = ["local", "zip", "memory", "http"]


@pytest.mark.parametrize("place", PLACES)
def test_a_remote_folder_gives_the_ids_digests_and_rows_of_the_local_one(place, urls, folder):
    if place == "http":
        pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    near, far = ImageSet.from_folder(folder), ImageSet.from_folder(urls[place], groups=lambda id: id.split("/")[0])
    assert far.ids.tolist() == near.ids.tolist()
    assert set(far.groups) == {"patient1", "patient2"}
    assert far.digests.tolist() == near.digests.tolist()
    rows = FeaturePipeline([Mean()], n_jobs=2, batch_size=2).fit_transform(far)
    np.testing.assert_array_equal(rows, FeaturePipeline([Mean()]).fit_transform(near))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(far[3:5])).decode(), near[3:5].decode())


def test_rows_of_remote_files_are_cached_by_content_and_a_changed_file_is_read_again(folder, tmp_path):
    log, memory = tmp_path / "log", fsspec.filesystem("memory")
    names = [f"memory://changing/{i}.png" for i in range(3)]
    for name, path in zip(names, sorted((folder / "patient1").iterdir()), strict=False):
        memory.pipe(name, path.read_bytes())
    features, images = FeaturePipeline([Mean(log=log)], cache=tmp_path / "c"), ImageSet(names)
    before = features.fit_transform(images)
    np.testing.assert_array_equal(features.fit_transform(images), before)
    assert count_lines(log) == len(FeatureCache(tmp_path / "c")) == 3
    memory.pipe(names[0], (folder / "patient2" / "image5.png").read_bytes())
    assert features.fit_transform(images)[0] == IMAGES[11].mean(dtype=np.float32)
    assert count_lines(log) == 4


def test_a_url_is_the_id_of_its_image_and_paths_may_stand_next_to_it(folder):
    path = folder / "patient1" / "image0.png"
    images = ImageSet([path, f"file://{path}"])
    assert images.ids.tolist() == [str(path), f"file://{path}"]
    assert images.digests[0] == images.digests[1]


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("memory://study/none.png", "missing", "there is no memory://study/none.png"),
        ("memory://study/patient1", "not-regular", "a folder"),
        ("memory://bad/empty.png", "empty", "memory://bad/empty.png is empty"),
        ("memory://bad/page.png", "not-an-image", "HTML page"),
        ("memory://bad/cut.png", "damaged", "truncated"),
        ("nosuch://bucket/a.png", "unreadable", "nosuch"),
        ("zip://a.png::/nowhere/scans.zip", "missing", "there is no zip://a.png::/nowhere/scans.zip"),
    ],
)
def test_failures_name_the_address_and_the_cause(url, kind, words, urls):
    memory = fsspec.filesystem("memory")
    whole = memory.cat("/study/patient1/image0.png")
    for name, data in {"empty": b"", "page": b"<!doctype html><html>", "cut": whole[:-20]}.items():
        memory.pipe(f"/bad/{name}.png", data)
    [failure] = check_images([url])
    assert (failure.id, failure.kind) == (url, kind)
    assert words in failure.reason


def test_a_file_that_is_too_large_is_not_read(monkeypatch, urls):
    monkeypatch.setattr("fingerprint_features.images.decode._MOST_BYTES", 50)
    with pytest.raises(ImageReadError, match="no image is that large"):
        ImageSet(["memory://study/patient1/image0.png"])[0]


def test_folders_that_cannot_be_listed_are_named(urls):
    with pytest.raises(NotADirectoryError, match="memory://nowhere is no folder"):
        ImageSet.from_folder("memory://nowhere")
    with pytest.raises(NotADirectoryError, match=r"cannot be listed: .*nosuch"):
        ImageSet.from_folder("nosuch://bucket/folder")


def test_a_missing_driver_is_named_with_the_cure(monkeypatch):
    def refuse(*args, **kwargs):
        raise ImportError("install s3fs")

    monkeypatch.setattr("fsspec.core.url_to_fs", refuse)
    [failure] = check_images(["s3://bucket/a.png"])
    assert failure.kind == "unsupported"
    assert "s3 addresses need more than is installed (install s3fs)" in failure.reason
    with pytest.raises(ImportError, match=r"pip install 'fingerprint_features\[remote\]'"):
        ImageSet.from_folder("s3://bucket/folder")


def test_what_is_a_url_and_how_names_are_joined():
    assert all(map(is_url, ["s3://b/a.png", "zip://a.png::scans.zip", "simplecache::s3://b/a"]))
    assert not any(map(is_url, ["a/b.png", "/a:b/c.png", "C:\\a.png", "scan::1.png", "C://a.png"]))
    assert join_url("s3://b/folder/", "a.png") == "s3://b/folder/a.png"
    assert join_url("zip://::/data/scans.zip", "x/a.png") == "zip://x/a.png::/data/scans.zip"
    assert join_url("simplecache::s3://b", "a.png") == "simplecache::s3://b/a.png"
