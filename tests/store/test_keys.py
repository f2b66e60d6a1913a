from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokalign.store import content_key, environment_versions, source_fingerprint, texts_key
from tokalign.store.keys import _fingerprint, canonical_json

# Surrogates too: a tokenizer's pieces and scraped texts hold them.
strings = st.text(st.characters(codec=None, exclude_categories=()), max_size=6)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | strings
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3),
    max_leaves=8,
)


def typed(value: Any) -> Any:
    """An independent description of a value that is equal only where type and value are."""
    if isinstance(value, list | tuple):
        return ("list", tuple(typed(item) for item in value))
    if isinstance(value, dict):
        return ("dict", frozenset((name, typed(item)) for name, item in value.items()))
    return (type(value).__name__, repr(value) if isinstance(value, float) else value)


@given(values, values)
@example(1, 1.0)
@example(1, True)
@example(0.0, -0.0)
@example("1", 1)
@example("null", None)
@example(["a", "b"], ["a,b"])
@example(["a", ["b"]], [["a"], "b"])
@example({"a": 1}, ["a", 1])
@example("é", "e\u0301")
@example("\U0001f600", "\ud83d\ude00")
@example('"', '\\"')
@example("\\ud800", "\ud800")
def test_keys_are_equal_only_for_equal_parts(one: Any, other: Any) -> None:
    assert (content_key(part=one) == content_key(part=other)) == (typed(one) == typed(other))


@given(st.dictionaries(strings, scalars, min_size=2, max_size=5))
def test_order_of_dicts_does_not_matter(value: dict[str, Any]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(backwards)
    assert content_key(**value) == content_key(**backwards)


@given(values)
def test_canonical_json_is_json(value: Any) -> None:
    assert typed(json.loads(canonical_json(value))) == typed(value)


def test_part_names_count_and_tuples_are_lists() -> None:
    assert content_key(a=1) != content_key(b=1)
    assert content_key(a=(1, (2,))) == content_key(a=[1, [2]])
    assert content_key(a=float("inf")) != content_key(a="Infinity")


def test_key_is_the_same_in_every_process_and_release() -> None:
    # A key that moves throws away every stored measurement: change it on purpose only.
    assert content_key(model="mini-gritlm", k=10, alpha=0.1, none=None, texts=["a", "é"]) == (
        "e8eec60aba0b108a34da359f5a151cfae895ba32b45c52451f24e9c377a7d216"
    )
    assert texts_key(["a", "é"]) == (
        "dc3f00b1c69f1e7c63873f464be4f33a9a3957b6d7fcd473f5d03bb7c20a7ad9"
    )


@pytest.mark.parametrize(
    "part",
    [b"a", {1: "a"}, {"a"}, object(), np.float64(1), np.int64(1), np.zeros(1), Path("a"), range(2)],
    ids=repr,
)
def test_other_types_are_refused(part: Any) -> None:
    with pytest.raises(TypeError):
        content_key(part=part)
    with pytest.raises(TypeError, match="inner"):
        content_key(part=[{"inner": part}])


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        content_key(part=[float("nan")])


@given(st.lists(strings, max_size=4), st.lists(strings, max_size=4))
@example(["ab", "c"], ["a", "bc"])
@example([], [""])
@example(["a\x00\x00", ""], ["a", "\x00\x00"])
@example(["\U0001f600"], ["\ud83d\ude00"])
@example(["a", "b"], ["b", "a"])
def test_texts_keys_are_equal_only_for_equal_texts(one: list[str], other: list[str]) -> None:
    assert (texts_key(one) == texts_key(other)) == (one == other)
    assert texts_key(one) == texts_key(tuple(one))


def test_texts_key_refuses_what_is_no_list_of_texts() -> None:
    with pytest.raises(TypeError, match="one string"):
        texts_key("abc")
    with pytest.raises(TypeError, match=r"texts\[1\] is a bytes"):
        texts_key(["a", b"b"])  # type: ignore[list-item]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "fingerprinted"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('a fingerprint imports nothing')\n")
    (folder / "inner" / "a.py").write_text("x = 1\n")
    (folder / "registry.yaml").write_text("k: 1\n")
    (tmp_path / "single_module.py").write_text("y = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    _fingerprint.cache_clear()
    return folder


def fresh(*packages: str) -> str:
    _fingerprint.cache_clear()
    return source_fingerprint(*packages)


@pytest.mark.parametrize("name", ["__init__.py", "inner/a.py", "registry.yaml", "inner/new.toml"])
def test_fingerprint_follows_every_source_file(package: Path, name: str) -> None:
    before = fresh("fingerprinted")
    with open(package / name, "a") as file:
        file.write("# a change\n")
    assert source_fingerprint("fingerprinted") == before, "it is kept for the process"
    assert fresh("fingerprinted") != before


def test_fingerprint_follows_names(package: Path) -> None:
    before = fresh("fingerprinted")
    (package / "inner" / "a.py").rename(package / "inner" / "b.py")
    assert fresh("fingerprinted") != before


@pytest.mark.parametrize("name", ["notes.md", "a.pyc", ".ipynb_checkpoints/a.py"])
def test_fingerprint_ignores_other_files(package: Path, name: str) -> None:
    before = fresh("fingerprinted")
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("a change")
    assert fresh("fingerprinted") == before


def test_fingerprint_of_several(package: Path) -> None:
    both = fresh("fingerprinted", "single_module")
    assert both == fresh("single_module", "fingerprinted", "single_module")
    assert len({both, fresh("fingerprinted"), fresh("single_module")}) == 3
    (package.parent / "single_module.py").write_text("y = 2\n")
    assert fresh("fingerprinted", "single_module") != both


def test_fingerprint_refuses_what_would_never_change(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        source_fingerprint("no_such_package")
    with pytest.raises(ModuleNotFoundError, match="no_such_part"):
        source_fingerprint("tokalign.store.no_such_part")
    with pytest.raises(ValueError, match="sys has no source"):
        source_fingerprint("sys")
    with pytest.raises(ValueError, match="at least one"):
        source_fingerprint()


def test_environment_versions() -> None:
    assert environment_versions("numpy", "no-such-distribution") == {
        "numpy": np.__version__,
        "no-such-distribution": None,
    }
