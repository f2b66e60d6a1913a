from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

import pytest

from tokalign.datasets.beir_names import BEIR_MD5, beir_set
from tokalign.datasets.catalogue import CATALOGUE, DataFile
from tokalign.datasets.digests import SHA256

SETS = [*CATALOGUE.values(), *(beir_set(name) for name in BEIR_MD5)]
FILES = [(data.name, file) for data in SETS for file in data.files.values()]
UNCHECKED = {"stsb", "rte"}  # archives whose bytes could not be looked into


@pytest.mark.parametrize(("name", "file"), FILES)
def test_facts_are_well_formed(name: str, file: DataFile) -> None:
    path = PurePosixPath(file.path)
    assert not path.is_absolute()
    assert ".." not in path.parts
    original = file.original
    assert original is not None
    assert re.fullmatch(r"https?://[^\s]+", original.url)
    if original.members is not None:
        assert file.path in original.members.values()
    if name in UNCHECKED:
        assert original.digest is None
    else:
        assert original.url.startswith("https://")
        assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", original.digest or "")
        if "github" in original.url:
            assert re.search("/[0-9a-f]{40}/", original.url)


def test_names_agree_and_licences_are_stated() -> None:
    assert all(name == data.name for name, data in CATALOGUE.items())
    assert all(data.licence and data.home.startswith("http") for data in SETS)


def test_url_of_a_path_with_a_space() -> None:
    original = CATALOGUE["str2022"].files["train"].original
    assert original is not None
    assert original.url.endswith("/Track%20A/eng/eng_train.csv")


def test_beir_name_that_is_not_public_has_no_original() -> None:
    assert beir_set("mine").files["corpus.jsonl"].original is None


@pytest.mark.shared
def test_digests_are_those_of_the_real_files(shared: Path) -> None:
    there = {path: shared / "datasets" / path for path in SHA256}
    there = {path: file for path, file in there.items() if file.is_file()}
    assert len(there) > 30
    wrong = {
        path: file
        for path, file in there.items()
        if hashlib.sha256(file.read_bytes()).hexdigest() != SHA256[path]
    }
    assert wrong == {}
