"""No test here reaches the internet, the user's cache, or a data folder that it was not given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Write = Callable[[str, str | bytes], Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr("tokalign.datasets.public.cache_folder", lambda: folder)
    monkeypatch.delenv("TOKALIGN_DATA", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("TOKALIGN_OFFLINE", "1")
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    folder = tmp_path / "project" / "datasets"
    folder.mkdir(parents=True)
    monkeypatch.setenv("TOKALIGN_DATA", str(folder))
    return folder


@pytest.fixture
def write(data: Path) -> Write:
    """Write a file into the data folder."""

    def put(path: str, content: str | bytes) -> Path:
        target = data / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    return put


@pytest.fixture
def real(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real data sets."""
    monkeypatch.setenv("TOKALIGN_DATA", str(shared / "datasets"))
    return shared / "datasets"


class Server:
    """A web server of this machine: what it serves, and what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.announce: dict[str, int | None] = {}
        self.asked: list[str] = []
        self.url = ""

    def add(self, name: str, body: bytes, *, announce: int | None = -1) -> str:
        """Serve a body; `announce` is another Content-Length, None for none."""
        self.files["/" + name] = body
        self.announce["/" + name] = len(body) if announce == -1 else announce
        return f"{self.url}/{name}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("TOKALIGN_OFFLINE")
    held = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            held.asked.append(self.path)
            body = held.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            if held.announce[self.path] is not None:
                self.send_header("Content-Length", str(held.announce[self.path]))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield held
    running.shutdown()
    running.server_close()
    thread.join()
