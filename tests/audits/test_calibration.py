"""Where there is nothing to find, an audit finds something as rarely as it says, whatever else it is asked."""

from pathlib import Path

import pytest
from scipy.stats import binom

from benchmarks import audits

SMALL = {
    "labelled": audits.Kind(10, 20, image_size=32),
    "slices": audits.Kind(36, 20, slices=6, image_size=32),
    "unlabelled": audits.Kind(20, 40, labelled=False, image_size=32),
}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(audits, "KINDS", SMALL)
    monkeypatch.setattr(audits, "METHODS", ("dmk-2023-phash", "calibrated-log-ratio"))
    monkeypatch.setattr(audits, "RUNS_OF_A_TASK", 10)


def runs(kind, n, folder):
    return [audits.run_null(kind, seed, folder / "rows.cache", n_permutations=39) for seed in range(n)]


def within(count, n, rate=audits.ALPHA):
    """Return whether so many of n are no more than chance gives at this rate, in 999 of 1000 cases."""
    return count <= binom.ppf(0.999, n, rate)


def check(rows):
    n = len(rows)
    assert within(sum(row["p"] <= audits.ALPHA for row in rows), n)
    for column in [name for name in rows[0] if name.startswith(("family: ", "control: "))]:
        assert within(sum(row[column] <= audits.ALPHA for row in rows), n), column
    for metric in audits.CHANCE:
        missed = sum(row["attacks"] - row[f"held: {metric}"] for row in rows)
        assert within(missed, n * rows[0]["attacks"], 0.07), metric
    assert within(sum(row["flagged patients"] > 0 for row in rows), n)


@pytest.mark.parametrize("kind", ["labelled", "slices"])
def test_few_audits_of_nothing_find_anything(small, tmp_path, kind):
    check(runs(kind, 5, tmp_path))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["labelled", "slices"])
def test_of_sixty_audits_of_nothing_no_more_find_something_than_chance_allows(small, tmp_path, kind):
    rows = runs(kind, 60, tmp_path)
    check(rows)
    if kind == "slices":  # a rank test that takes slices for independent raises more false alarms than that
        assert not within(sum(row[f"peer: {audits.PEER}"] <= audits.ALPHA for row in rows), 60)


def test_audits_without_labels_seldom_flag_anybody_where_nothing_was_copied(small, tmp_path):
    rows = runs("unlabelled", 5, tmp_path)
    assert within(sum(row["flagged images"] > 0 for row in rows), 5)
    assert {row["verdict"] for row in rows} <= {"not detected", "exploratory", "not assessable"}


def test_a_split_is_one_of_patients_and_depends_on_its_number_alone():
    patients = ["a", "a", "b", "b", "c", "d"]
    splits = [tuple(audits.split(patients, seed)) for seed in range(50)]
    assert splits == [tuple(audits.split(patients, seed)) for seed in range(50)]
    assert len(set(splits)) == 6  # two of four patients
    assert all(mask[0] == mask[1] and mask[2] == mask[3] for mask in splits)


def test_a_second_call_goes_on_where_the_first_one_stopped(small, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "calibration"
    asked = []
    monkeypatch.setattr(audits, "run_null", lambda name, seed, *rest: asked.append(seed) or fake(name, seed))
    for n_runs in (2, 5):
        arguments = ["audits", f"--runs={n_runs}", "--only=labelled", "--jobs=1", f"--folder={folder}"]
        monkeypatch.setattr("sys.argv", arguments)
        audits.main()
    assert asked == [0, 1, 2, 3, 4]
    assert len(Path(folder, "labelled.csv").read_text().splitlines()) == 6
    out = capsys.readouterr().out
    assert "5 runs" in out
    assert " 20.0 % +- 17.9   (wanted: 3 to 7)" in out
    assert " 90.0 % +- 8.9   (wanted: 93 to 97)" in out


def fake(name, seed):
    """Return a run of two methods: one run in five rejects, and one interval in ten misses."""
    held = {f"held: {metric}": 2 - (seed == 3) for metric in audits.CHANCE}
    return (
        {"kind": name, "seed": seed, "verdict": "not detected", "p": 0.01 if seed == 3 else 0.5, "attacks": 2}
        | held
        | {
            "seconds": 1.0,
            "flagged images": 0,
            "flagged patients": 0,
        }
    )


def test_power_has_a_line_for_each_share_and_shift(tmp_path, monkeypatch, capsys):
    def fake_power(memorization, shift, seed, cache, n_permutations):
        found = {"p": 0.5 - memorization / 2, "verdict": "detected" if memorization == 1 else "not detected"}
        numbers = found | {"auc": 0.6, "flagged patients": 2}
        return {"kind": "power", "seed": seed, "memorization": memorization, "shift": shift} | numbers

    monkeypatch.setattr(audits, "run_power", fake_power)
    monkeypatch.setattr("sys.argv", ["audits", "--power", "--runs=2", "--jobs=1", f"--folder={tmp_path}"])
    audits.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 1 + len(audits.MEMORIZATION) * len(audits.SHIFT)
    assert lines[5] == ["1", "0", "2", "100", "%", "100", "%", "0", "%", "0.60", "2.0"]
