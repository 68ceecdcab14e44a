"""A fit that was killed goes on from its checkpoint and gives the network of one that was never stopped."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fingerprint_features.learned import Augmentation
from fingerprint_features.learned.files import Checkpoint

from .stripes import classifier, stripes

torch = pytest.importorskip("torch")

EPOCHS, DONE = 5, 2
CHANGE = Augmentation(flip=True, noise=0.1)
KILLED = f"""
import os, signal, sys
import torch
torch.set_num_threads(1)
from fingerprint_features.learned.files import Checkpoint
from tests.learned.stripes import stripes
from tests.learned.test_resume import model

keep, kept = Checkpoint.keep, []
def keep_and_die(*args):
    keep(*args)
    kept.append(1)
    if len(kept) == {DONE}:
        os.kill(os.getpid(), signal.SIGKILL)
Checkpoint.keep = keep_and_die
model(sys.argv[1]).fit(*stripes())
"""


def model(checkpoint=None, **params):
    return classifier(epochs=EPOCHS, augment=CHANGE, validation=0.25, patience=4, checkpoint=checkpoint, **params)


@pytest.fixture
def epochs(monkeypatch):
    """Count the epochs that a fit with a checkpoint runs."""
    kept, keep = [], Checkpoint.keep
    monkeypatch.setattr(Checkpoint, "keep", lambda *args: kept.append(1) or keep(*args))
    return kept


def test_killed_and_started_again(tmp_path, epochs):
    path = tmp_path / "fit.checkpoint"
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", KILLED, path], cwd=root, capture_output=True, text=True, timeout=250)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert path.exists()
    images, y = stripes()
    resumed = model(path).fit(images, y)
    assert len(epochs) == EPOCHS - DONE
    whole = model().fit(images, y)
    assert resumed.history_ == whole.history_
    assert resumed.digest_ == whole.digest_
    assert list(tmp_path.iterdir()) == []


def stopped(path, **params):
    """Leave the checkpoint of a fit that stopped after its first epoch."""

    class Stop(Exception):
        pass

    def keep_and_stop(*args, keep=Checkpoint.keep):
        keep(*args)
        raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "keep", keep_and_stop)
        with pytest.raises(Stop):
            model(path, **params).fit(*stripes())


def test_the_checkpoint_of_another_fit_is_not_used(tmp_path, epochs):
    path, (images, y) = tmp_path / "fit.checkpoint", stripes()
    stopped(path)
    epochs.clear()
    assert model(path).fit(images, y[::-1].copy()).digest_ == model().fit(images, y[::-1].copy()).digest_
    assert len(epochs) == EPOCHS
    stopped(path, random_state=7)
    epochs.clear()
    model(path).fit(images, y)
    assert len(epochs) == EPOCHS


def test_a_file_that_is_no_checkpoint_is_left_alone(tmp_path):
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    with pytest.raises(ValueError, match="not a file of a trained network"):
        model(path).fit(*stripes())
    assert path.read_text() == "years of work"
    trained = classifier().fit(*stripes())
    trained.save(path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="choose another path"):
        model(path).fit(*stripes())
    assert path.read_bytes() == before
