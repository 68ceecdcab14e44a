"""Submission files: what is written, every fault of the official validator, and hostile files."""

import re
import struct
import zipfile

import numpy as np
import pytest

from fingerprint_features.evaluate import validate_submission, write_submission

IDS = [f"real_unknown_{i:04d}" for i in range(1, 6)]
GOOD = "".join(f"{id},{i % 2}\n" for i, id in enumerate(IDS))


@pytest.fixture
def check(tmp_path):
    def run(content, ids=IDS, name="run.csv", **settings):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return validate_submission(path, ids, **settings)

    return run


def kinds(faults):
    return [(fault.line, fault.kind) for fault in faults]


# ---- the official cases ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "text", "faults"),
    [
        (3, f"{IDS[2]},0", []),
        (3, f"  {IDS[2]} ,  0 ", []),
        (3, "", [(3, "blank"), (None, "missing-ids")]),
        (3, f"{IDS[2]};0", [(3, "fields"), (None, "missing-ids")]),
        (3, "real_unknown_9999,0", [(3, "unknown-id"), (None, "missing-ids")]),
        (3, f"{IDS[1]},0", [(3, "repeated-id"), (None, "missing-ids")]),
        (3, f"{IDS[2]},yes", [(3, "label")]),
        (3, f"{IDS[2]},2", [(3, "label")]),
        (3, f"{IDS[2]},-1", [(3, "label")]),
        (5, None, [(None, "missing-ids")]),
    ],
    ids=["ok", "ok with spaces", "blank", "format", "id", "repeated", "no int", "above 1", "below 0", "missing"],
)
def test_every_official_case(check, line, text, faults):
    lines = GOOD.splitlines()
    lines[line - 1 : line] = [] if text is None else [text]
    assert kinds(check("\n".join(lines) + "\n")) == faults


@pytest.mark.parametrize("label", [" 1", "01", "+1", "1", "0", "-0"])
def test_labels_that_python_reads_as_an_allowed_int_pass(check, label):
    assert check(f"a,{label}\n", ["a"]) == []


@pytest.mark.parametrize("label", ["1.0", "", "one", "1e0", "0x1", "1 0", "nan", "9" * 5000])
def test_other_labels_fail(check, label):
    assert kinds(check(f"a,{label}\n", ["a"])) == [(1, "label")]


def test_all_faults_are_reported_at_once(check):
    faults = check(f"{IDS[0]},1,2\n\n{IDS[1]},7\n{IDS[1]},1\nwho,x\n")
    assert kinds(faults) == [
        (1, "fields"), (2, "blank"), (3, "label"), (4, "repeated-id"), (5, "unknown-id"), (5, "label"),
        (None, "missing-ids"),
    ]  # fmt: skip
    assert str(faults[2]) == "line 3: the label '7' is not one of 0, 1 [label]"
    assert faults[3].reason == f"'{IDS[1]}' was already given in line 3"
    assert faults[-1].reason == f"4 of 5 ids are missing: '{IDS[0]}', '{IDS[2]}', '{IDS[3]}', '{IDS[4]}'"


def test_order_and_line_ends_are_free(check):
    lines = GOOD.splitlines()[::-1]
    assert check("\n".join(lines)) == []
    assert check("\r\n".join(lines) + "\r\n") == []


def test_many_missing_ids_are_summed_up(check):
    (fault,) = check("a0,1\n", [f"a{i}" for i in range(1001)])
    assert fault.reason.startswith("1,000 of 1,001 ids are missing: 'a1', 'a2'")
    assert fault.reason.endswith("'a20' and 980 more")


def test_an_empty_file_misses_every_id(check):
    assert kinds(check("")) == [(None, "missing-ids")]


# ---- the slips seen in public submissions ------------------------------------------------------------------
def test_a_header_is_recognised(check):
    faults = check("original_image,label\n" + GOOD)
    assert kinds(faults) == [(1, "header")]
    assert check("original_image,label\n" + GOOD, header=True) == []


def test_ids_with_an_extension_or_a_folder_are_told_what_to_write(check):
    faults = check("a.png,1\nreal/b,0\n", ["a", "b"])
    assert [f.reason for f in faults[:2]] == [
        "'a.png' is not an id of this task: write 'a'",
        "'real/b' is not an id of this task: write 'b'",
    ]
    faults = check("a,1\nreal/b.png,0\n", ["a.png", "b.png"], id_style="name")
    assert [f.reason.split(": ")[1] for f in faults[:2]] == ["write 'a.png'", "write 'b.png'"]


def test_class_names_for_the_subsets_fail_and_numbers_pass(check):
    rules = {"ids": ["x.png", "y.png"], "allowed": range(1, 6), "id_style": "name"}
    assert kinds(check("x.png,t1\ny.png,2\n", **rules)) == [(1, "label")]
    assert kinds(check("x.png,0\ny.png,6\n", **rules)) == [(1, "label"), (2, "label")]
    assert check("x.png,1\ny.png,5\n", **rules) == []


def test_quotes_are_no_quoting(check):
    assert kinds(check('"a",1\n', ["a"])) == [(1, "unknown-id"), (None, "missing-ids")]


# ---- hostile and damaged files -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b"\xef\xbb\xbfa,1\n", [(1, "encoding")]),
        (b"a,1\n\xff\xfe,0\n", [(2, "encoding")]),
        ("a,1\n".encode("utf-16"), [(1, "encoding")]),
        (b"a\x00,1\n", [(1, "characters"), (1, "unknown-id"), (None, "missing-ids")]),
        (b"a,1\x1b[2J\n", [(1, "characters"), (1, "label")]),
        ("a,1\u2028b,0\n".encode(), [(1, "characters"), (1, "fields"), (None, "missing-ids")]),
        (b"a,1\rb,0\r", [(1, "characters"), (1, "fields"), (None, "missing-ids")]),
    ],
)
def test_odd_bytes_are_faults(check, content, faults):
    assert kinds(check(content, ["a"])) == faults


def test_control_characters_do_not_reach_the_message(check):
    for fault in check(b"\x1b[31mred,1\n../../x,1\n" + b"z" * 100_000 + b",1\n", ["a"]):
        assert str(fault).isprintable()
        assert len(str(fault)) < 200


def test_a_missing_file_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no submission file .*run\.csv"):
        validate_submission(tmp_path / "run.csv", IDS)
    with pytest.raises(FileNotFoundError, match="no submission file"):
        validate_submission(tmp_path, IDS)


def test_a_huge_file_is_not_read(check):
    assert kinds(check(b"a" * (17 << 20))) == [(None, "too-large")]


def pack(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_read_in_memory(tmp_path):
    path = pack(tmp_path / "run.zip", {"run.csv": GOOD})
    assert validate_submission(path, IDS) == []
    assert [p.name for p in tmp_path.iterdir()] == ["run.zip"]
    pack(path, {"run.csv": GOOD.replace(",0", ",x")})
    assert {kind for _, kind in kinds(validate_submission(path, IDS))} == {"label"}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../run.csv": GOOD}, r"holds '\.\./run\.csv'"),
        ({"/etc/run.csv": GOOD}, "must hold 'run.csv'"),
        ({"folder/run.csv": GOOD}, "must hold 'run.csv'"),
        ({"run.exe": GOOD}, "holds 'run.exe'"),
        ({"run.csv": GOOD, "__MACOSX/._run.csv": ""}, "one file and nothing else"),
        ({}, "one file and nothing else"),
    ],
)
def test_zips_of_other_things_are_faults(tmp_path, members, message):
    (fault,) = validate_submission(pack(tmp_path / "run.zip", members), IDS)
    assert fault.kind == "zip"
    assert re.search(message, fault.reason)
    assert [p.name for p in tmp_path.iterdir()] == ["run.zip"]


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = pack(tmp_path / "run.zip", {"run.csv": b"0" * (40 << 20)})
    assert path.stat().st_size < 100_000
    assert kinds(validate_submission(path, IDS)) == [(None, "too-large")]


def test_damaged_encrypted_and_false_zips_are_faults(tmp_path):
    path = pack(tmp_path / "run.zip", {"run.csv": GOOD * 50})
    intact = path.read_bytes()
    for position in range(0, len(intact), 3):  # every third byte, one at a time
        damaged = bytearray(intact)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        assert all(str(fault) for fault in validate_submission(path, IDS))
    path.write_bytes(intact[:-30])
    assert kinds(validate_submission(path, IDS)) == [(None, "zip")]
    path.write_bytes(GOOD.encode())
    assert kinds(validate_submission(path, IDS)) == [(None, "zip")]
    encrypted = bytearray(intact)
    directory = encrypted.index(b"PK\x01\x02")
    encrypted[directory + 8 : directory + 10] = struct.pack("<H", 1)  # the flag that says so
    path.write_bytes(encrypted)
    assert kinds(validate_submission(path, IDS)) == [(None, "zip")]


def test_rare_compressions_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "run.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("run.csv", GOOD)
    (fault,) = validate_submission(tmp_path / "run.zip", IDS)
    assert "plain deflate" in fault.reason


# ---- writing -----------------------------------------------------------------------------------------------
def test_what_is_written_is_valid(tmp_path):
    path, ids = tmp_path / "run.csv", [f"test/real_unknown_1/{id}.png" for id in IDS]
    write_submission(ids, np.array([0, 1, 0, 1, 0]), path)
    assert path.read_bytes() == GOOD.encode()
    assert validate_submission(path, ids) == []


def test_the_rules_of_2025(tmp_path):
    ids, path = ["generated_unknown/1.png", "generated_unknown/2.png"], tmp_path / "run.zip"
    write_submission(ids, ["t3", "t5"], path, id_style="name", label_map={f"t{k}": k for k in range(1, 6)}, zip=True)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["run.csv"]
        assert archive.read("run.csv") == b"1.png,3\n2.png,5\n"
    assert validate_submission(path, ids, range(1, 6), id_style="name") == []


def test_the_same_answers_give_the_same_zip(tmp_path):
    for name in ("a.zip", "b.zip"):
        write_submission(IDS, [1] * 5, tmp_path / name, zip=True)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_header_is_written_on_request(tmp_path):
    write_submission(["a"], [1], tmp_path / "run.csv", header=True)
    assert (tmp_path / "run.csv").read_text() == "id,label\na,1\n"
    assert validate_submission(tmp_path / "run.csv", ["a"], header=True) == []


@pytest.mark.parametrize("label", [1, True, 1.0, np.int8(1), np.True_, np.float32(1)])
def test_whole_numbers_of_any_type_are_labels(tmp_path, label):
    write_submission(["a"], [label], tmp_path / "run.csv")
    assert (tmp_path / "run.csv").read_text() == "a,1\n"


def test_a_formula_stays_as_it_is_because_ids_are_file_names(tmp_path):
    write_submission(["=A1.png"], [1], tmp_path / "run.csv")
    assert (tmp_path / "run.csv").read_text() == "=A1,1\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": [1]}, "2 ids but 1 labels"),
        ({"ids": ["a.png", "a.jpg"]}, "unique as stems; 'a' stands for 2 images"),
        ({"ids": ["x/a.png", "y/a.png"], "id_style": "name"}, "unique as names; 'a.png' stands for 2"),
        ({"ids": ["a,b", "c"]}, "'a,b' cannot go into a submission"),
        ({"ids": ["a\nb", "c"]}, "control character"),
        ({"ids": [" a", "c"]}, "outer white space"),
        ({"ids": ["", "c"]}, "ids are not empty"),
        ({"ids": ["\udcff", "c"]}, "cannot go into a submission"),
        ({"ids": [], "labels": []}, "there are no ids"),
        ({"labels": ["t1", "t2"]}, r"whole numbers. Got 't1' instead: give a label_map, e.g. \{'t1': 1\}"),
        ({"labels": [0.5, 1]}, "whole numbers. Got '0.5'"),
        ({"labels": [np.nan, 1]}, "whole numbers. Got 'nan'"),
        ({"labels": [None, 1]}, "whole numbers. Got 'None'"),
        ({"labels": ["t1", "t9"], "label_map": {"t1": 1}}, "label_map has no entry for 't9'"),
        ({"id_style": "path"}, "id_style must be 'stem' or 'name'. Got 'path'"),
    ],
)
def test_what_cannot_be_written_raises_and_writes_nothing(tmp_path, arguments, message):
    path = tmp_path / "run.csv"
    with pytest.raises(ValueError, match=message):
        write_submission(**{"ids": ["a", "b"], "labels": [1, 0], "path": path, **arguments})
    assert not path.exists()
