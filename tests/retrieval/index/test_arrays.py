"""Arrays on disk: NumPy reads them, pieces leave no trace; weights of one byte."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tokalign.errors import TokalignError
from tokalign.retrieval.index.arrays import ArrayWriter, map_array, round_weights, steps_of
from tokalign.retrieval.sparse.rounding import rounded


@given(st.lists(st.lists(st.integers(0, 255), max_size=4), max_size=5))
def test_the_bytes_do_not_depend_on_the_pieces(tmp_path_factory, pieces) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    whole = np.array([number for piece in pieces for number in piece], dtype="<i4")
    for name, parts in (("pieces", pieces), ("whole", [whole])):
        with ArrayWriter(folder / name, "<i4") as writer:
            for piece in parts:
                writer.append(np.array(piece, dtype=np.int64))
    assert (folder / "pieces").read_bytes() == (folder / "whole").read_bytes()
    assert np.load(folder / "pieces", allow_pickle=False).tolist() == whole.tolist()
    found = map_array(folder / "pieces", "<i4", len(whole))
    assert found.tolist() == whole.tolist()
    assert not found.flags.writeable


def test_a_long_array_has_the_header_of_a_short_one(tmp_path: Path) -> None:
    with ArrayWriter(tmp_path / "a.npy", "|u1") as writer:
        for _ in range(3):
            writer.append(np.ones(2_000_000))
    assert np.load(tmp_path / "a.npy").sum() == 6_000_000


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"kept")
    with pytest.raises(FileExistsError):
        ArrayWriter(tmp_path / "a.npy", "<i4")
    assert (tmp_path / "a.npy").read_bytes() == b"kept"


def test_what_is_not_that_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(3, dtype="<i4"))
    for dtype, length in (("<i8", 3), ("<i4", 2), ("|u1", 12)):
        with pytest.raises(TokalignError, match=r"a\.npy holds int32 of shape \(3,\)"):
            map_array(path, dtype, length)
    whole = path.read_bytes()
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}, 1, 2]), allow_pickle=True)
    for data in (whole[:-1], whole[:20], b"", b"\x93NUMPY", pickled.getvalue()):
        path.write_bytes(data)
        with pytest.raises(TokalignError, match=r"a\.npy"):
            map_array(path, "<i4", 3)


def weights(highest: float) -> st.SearchStrategy[np.ndarray]:
    values = st.floats(2.0**-60, highest, width=32, allow_subnormal=False)
    return st.lists(values, min_size=1, max_size=40).map(lambda found: np.array(found, dtype="f"))


@given(weights(2.0**60))
def test_rounding_keeps_the_order_and_grows_by_less_than_a_step(found) -> None:
    step = float(found.max()) / 255
    steps = steps_of(found, step)
    assert steps.min() >= 1
    assert steps.max() == 255
    order = np.argsort(found, kind="stable")
    assert (np.diff(steps[order].astype(int)) >= 0).all()
    growth = steps * step - found.astype(np.float64)
    assert growth.max() < step * (1 + 1e-9)
    assert growth.min() > -step * 2e-9


@given(weights(200.0))
def test_an_index_rounds_as_a_search_in_memory_does(tmp_path_factory, found) -> None:
    folder = tmp_path_factory.mktemp("weights")
    np.save(folder / "a.npy", found)
    step = round_weights(folder / "a.npy", folder / "b.npy", float(found.max()))
    matrix, length = rounded(sp.csr_array(found[None]))
    assert step == length
    assert np.load(folder / "b.npy").tolist() == matrix.data.tolist()


def test_no_weight_at_all(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(0, dtype="f"))
    assert round_weights(tmp_path / "a.npy", tmp_path / "b.npy", 0.0) == 1.0
    assert map_array(tmp_path / "b.npy", "|u1", 0).tolist() == []
