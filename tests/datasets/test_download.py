"""The download path, against a server of this machine."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tokalign.datasets import load_retrieval, load_texts
from tokalign.datasets.beir_names import BEIR_MD5, beir_set
from tokalign.datasets.catalogue import CATALOGUE, DataFile, DataSet, Original
from tokalign.datasets.download import fetch, record_of
from tokalign.datasets.public import locate
from tokalign.errors import TokalignError

BODY = b"who\tThe passage.\n"
SHA256 = hashlib.sha256(BODY).hexdigest()
PATH = "msmarco_pairs/sampled500.txt"


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return out.getvalue()


def tarred(members: dict[str, bytes], link: tuple[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, body in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
        if link:
            entry = tarfile.TarInfo(link[0])
            entry.type, entry.linkname = tarfile.SYMTYPE, link[1]
            archive.addfile(entry)
    return out.getvalue()


def left_over(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def use(
    monkeypatch: pytest.MonkeyPatch, name: str, key: str, path: str, original: Original
) -> None:
    entry = DataSet(name, "test licence", "http://home.example", {key: DataFile(path, original)})
    monkeypatch.setitem(CATALOGUE, name, entry)


def test_fetched_once_then_read_from_the_cache(
    server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.add("pairs.txt", BODY)
    use(monkeypatch, "msmarco-pairs", "all", PATH, Original(url, f"sha256:{SHA256}"))
    first, second = load_texts("msmarco-pairs"), load_texts("msmarco-pairs")
    assert first == second
    assert first.texts == ("The passage.",)
    assert (first.source, first.sha256) == (url, SHA256)
    assert server.asked == ["/pairs.txt"]
    assert left_over(cache) == [PATH, PATH + ".origin.json"]
    record = json.loads(record_of(cache / PATH).read_text())
    assert record == {"url": url, "sha256": SHA256, "bytes": len(BODY)}


def test_data_folder_goes_before_the_cache(
    server: Any, cache: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "msmarco-pairs", "all", PATH, Original(server.add("x", BODY)))
    load_texts("msmarco-pairs")
    (data / PATH).parent.mkdir()
    (data / PATH).write_text("q\tMine.\n")
    assert load_texts("msmarco-pairs").texts == ("Mine.",)
    assert len(server.asked) == 1


def test_a_file_changed_since_its_download_is_refused(
    server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "msmarco-pairs", "all", PATH, Original(server.add("x", BODY)))
    load_texts("msmarco-pairs")
    (cache / PATH).write_text("q\tAnother.\n")
    with pytest.raises(TokalignError, match="has changed since its download: delete it"):
        load_texts("msmarco-pairs")


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TOKALIGN_OFFLINE"])
@pytest.mark.parametrize("value", ["1", "true", "ON"])
def test_offline_is_respected(
    server: Any, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    use(monkeypatch, "msmarco-pairs", "all", PATH, Original(server.add("x", BODY)))
    monkeypatch.setenv(variable, value)
    with pytest.raises(TokalignError) as caught:
        load_texts("msmarco-pairs")
    message = str(caught.value)
    assert f"{variable} forbids the download" in message
    assert f"TOKALIGN_DATA to a folder that holds {PATH}" in message
    assert "http://home.example" in message
    assert "\n" not in message
    assert server.asked == []


def test_offline_zero_is_online(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "msmarco-pairs", "all", PATH, Original(server.add("x", BODY)))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert len(load_texts("msmarco-pairs")) == 1


@pytest.mark.parametrize(
    ("announce", "digest", "bound", "message"),
    [
        (-1, "sha256:" + "0" * 64, 99, f"sha256 {SHA256} instead of 000"),
        (-1, "md5:" + "0" * 32, 99, "md5 .* instead of 000"),
        (-1, None, 5, "17 bytes, at most 5 are taken"),
        (None, None, 5, "more than 5 bytes, no more are taken"),
        (40, None, 99, "17 of 40 bytes came"),
    ],
)
def test_wrong_bytes_leave_nothing_behind(
    server: Any, cache: Path, announce: int | None, digest: str | None, bound: int, message: str
) -> None:
    original = Original(server.add("x", BODY, announce=announce), digest, max_bytes=bound)
    with pytest.raises(TokalignError, match=message):
        fetch(original, "a/b.txt", cache)
    assert left_over(cache) == []


def test_no_such_file_and_no_server(
    server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "msmarco-pairs", "all", PATH, Original(server.url + "/none"))
    with pytest.raises(TokalignError, match=r"could not download .*Not Found.*TOKALIGN_DATA"):
        load_texts("msmarco-pairs")
    with pytest.raises(TokalignError, match="could not download"):
        fetch(Original("http://127.0.0.1:1/x"), "x", cache)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://example.org/x", "x"])
def test_only_the_web_is_fetched_from(cache: Path, url: str) -> None:
    with pytest.raises(TokalignError, match="only http and https"):
        fetch(Original(url), "x", cache)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archives_give_the_wanted_members_only(server: Any, cache: Path, pack: Any) -> None:
    suffix = ".zip" if pack is zipped else ".tar.gz"
    url = server.add("a" + suffix, pack({"in/a.csv": b"A", "in/b.csv": b"B", "readme": b"C"}))
    members = {"in/a.csv": "set/a.csv", "in/b.csv": "set/b.csv", "in/none": "set/none"}
    assert fetch(Original(url, members=members), "set/a.csv", cache).read_bytes() == b"A"
    expected = ["set/a.csv", "set/a.csv.origin.json", "set/b.csv", "set/b.csv.origin.json"]
    assert left_over(cache) == expected
    assert json.loads(record_of(cache / "set/b.csv").read_text())["url"] == f"{url}#in/b.csv"
    with pytest.raises(TokalignError, match="holds no set/none"):
        fetch(Original(url, members=members), "set/none", cache)


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil", "C:/evil"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archives_that_reach_outside_are_refused(
    server: Any, cache: Path, tmp_path: Path, pack: Any, name: str
) -> None:
    suffix = ".zip" if pack is zipped else ".tar.gz"
    url = server.add("a" + suffix, pack({"good": b"A", name: b"evil"}))
    before = left_over(tmp_path)
    with pytest.raises(TokalignError, match="unsafe path"):
        fetch(Original(url, members={"good": "good"}), "good", cache)
    assert left_over(tmp_path) == before


def test_links_in_archives_are_not_followed(server: Any, cache: Path) -> None:
    url = server.add("a.tar.gz", tarred({"b": b"B"}, link=("a", "/etc/hostname")))
    with pytest.raises(TokalignError, match="holds no a"):
        fetch(Original(url, members={"a": "a"}), "a", cache)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_unpacks_to_too_much_is_refused(server: Any, cache: Path, pack: Any) -> None:
    suffix = ".zip" if pack is zipped else ".tar.gz"
    body = pack({"a": bytes(2**20)})
    assert len(body) < 5000
    url = server.add("a" + suffix, body)
    with pytest.raises(TokalignError, match="unpacks to more than 5000 bytes"):
        fetch(Original(url, members={"a": "a"}, max_bytes=5000), "a", cache)
    assert left_over(cache) == []


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
@pytest.mark.parametrize("body", [b"no archive", b""])
def test_broken_archives(server: Any, cache: Path, suffix: str, body: bytes) -> None:
    url = server.add("a" + suffix, body)
    with pytest.raises(TokalignError, match=r"not a sound archive|holds no a"):
        fetch(Original(url, members={"a": "a"}), "a", cache)
    assert left_over(cache) == []


@pytest.mark.parametrize("at", [45, 60])
def test_damaged_member(server: Any, cache: Path, at: int) -> None:
    body = bytearray(zipped({"a": hashlib.sha512(b"x").digest() * 50}))
    body[at] ^= 0xFF
    url = server.add("a.zip", bytes(body))
    with pytest.raises(TokalignError, match="not a sound archive"):
        fetch(Original(url, members={"a": "a"}), "a", cache)
    assert left_over(cache) == []


def test_truncated_tar(server: Any, cache: Path) -> None:
    whole = tarred({"a": hashlib.sha512(b"x").digest() * 500})
    url = server.add("a.tar.gz", whole[: len(whole) // 2])
    with pytest.raises(TokalignError):
        fetch(Original(url, members={"a": "a"}), "a", cache)
    assert left_over(cache) == []


def test_beir_set_from_its_archive(
    server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = zipped(
        {
            "scifact/corpus.jsonl": b'{"_id": "d", "title": "T", "text": "x"}\n',
            "scifact/queries.jsonl": b'{"_id": "q", "text": "y"}\n',
            "scifact/qrels/test.tsv": b"query-id\tcorpus-id\tscore\nq\td\t1\n",
        }
    )
    server.add("scifact.zip", body)
    monkeypatch.setitem(BEIR_MD5, "scifact", hashlib.md5(body).hexdigest())
    monkeypatch.setattr(
        "tokalign.datasets.retrieval.beir_set", lambda name: beir_set(name, host=server.url)
    )
    held = load_retrieval("scifact")
    assert (held.docs, held.qrels) == (("T. x",), {"q": {"d": 1}})
    assert held.source == f"{server.url}/scifact.zip#scifact/corpus.jsonl"
    assert load_texts("scifact").texts == ("T. x",)
    assert server.asked == ["/scifact.zip"]
    monkeypatch.setitem(BEIR_MD5, "nfcorpus", "0" * 32)
    server.add("nfcorpus.zip", body)
    with pytest.raises(TokalignError, match=r"md5 .* instead of 0000"):
        load_retrieval("nfcorpus")


def test_set_without_an_original(server: Any) -> None:
    bare = DataSet("bare", "l", "http://home.example", {"all": DataFile("bare/a.txt")})
    with pytest.raises(TokalignError, match="there is no public file to download"):
        locate(bare, "all")


def test_data_folder_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOKALIGN_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(TokalignError, match=r"TOKALIGN_DATA=.*nowhere is no folder"):
        load_texts("stsb")
