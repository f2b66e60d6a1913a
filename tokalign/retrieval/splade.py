"""A SPLADE model of sentence-transformers, the trained sparse encoder to compare with.

Loads no weights but safetensors. sentence-transformers is no dependency of this package: where it
is missing, an error says so.

Source: Formal et al., "SPLADE v2: Sparse Lexical and Expansion Model for Information Retrieval"
(arXiv 2109.10086).
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from tokalign.embedders.files.checkpoints import checkpoint_folder
from tokalign.embedders.loading.silence import silent
from tokalign.errors import TokalignError
from tokalign.retrieval.sparse import SparseVectors, sparse_vectors

#: Texts whose vectors are full, ``(n, V)``, at a time.
_TEXTS = 256


class Splade:
    """Texts -> sparse vectors over a vocabulary, by a trained model.

    Attributes:
        model: The ``sentence_transformers.SparseEncoder``.
        names: Its V tokens, as the vocabulary writes them.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        # get_embedding_dimension tells the width of the layers for some models.
        width = int(model.encode_query("a", show_progress_bar=False).shape[-1])
        known = {int(i): str(token) for token, i in model.tokenizer.get_vocab().items()}
        # The output may have rows beyond the vocabulary.
        self.names = tuple(known.get(i, f"[row {i}]") for i in range(width))

    def documents(self, ids: Sequence[str], texts: Sequence[str]) -> SparseVectors:
        """The vectors of N documents, ``(N, V)``, read as ``encode_document`` reads them.

        Raises:
            TokalignError: An identifier occurs twice.
        """
        return sparse_vectors(ids, self._encode(self.model.encode_document, texts))

    def queries(self, texts: Sequence[str]) -> sp.csr_array:
        """The vectors of Q queries, ``(Q, V)`` float32, read as ``encode_query`` reads them."""
        return sparse_vectors(
            [str(i) for i in range(len(texts))], self._encode(self.model.encode_query, texts)
        ).matrix

    def decode(self, vectors: sp.csr_array, top: int = 10) -> list[list[tuple[str, float]]]:
        """The heaviest tokens of each vector, heaviest first, equal ones by column.

        Args:
            vectors: ``(N, V)`` as `documents` and `queries` give them.
            top: How many.
        """
        found = []
        for start, stop in zip(vectors.indptr[:-1], vectors.indptr[1:], strict=True):
            columns, weights = vectors.indices[start:stop], vectors.data[start:stop]
            order = np.lexsort((columns, -weights))[:top]
            found.append([(self.names[columns[i]], float(weights[i])) for i in order])
        return found

    def _encode(self, encode: Any, texts: Sequence[str]) -> sp.csr_array:
        pieces = [sp.csr_array((0, len(self.names)), dtype=np.float32)]
        for start in range(0, len(texts), _TEXTS):
            made = encode(
                list(texts[start : start + _TEXTS]), show_progress_bar=False, save_to_cpu=True
            ).coalesce()
            places = tuple(made.indices().numpy())
            pieces.append(sp.csr_array((made.values().float().numpy(), places), tuple(made.shape)))
        return sp.csr_array(sp.vstack(pieces, format="csr"))


def load_splade(checkpoint: str, *, device: str = "cpu") -> Splade:
    """Load a SPLADE model.

    Args:
        checkpoint: A folder, or a hub id (``owner/name@COMMIT`` too), which is looked for under
            ``$TOKALIGN_CHECKPOINTS`` first.
        device: Such as ``cpu`` or ``cuda``.

    Raises:
        TokalignError: sentence-transformers is missing, the checkpoint is not to be had, is no
            SPLADE model, or cannot be loaded.
    """
    try:
        package = importlib.import_module("sentence_transformers")
    except ModuleNotFoundError as error:
        raise TokalignError(
            "sentence_transformers is not installed, and SPLADE needs it: pip install "
            "'sentence-transformers>=5.1'"
        ) from error
    folder = checkpoint_folder(checkpoint)
    if not _is_splade(folder):
        raise TokalignError(
            f"{checkpoint} is no SPLADE model; allowed: a folder whose modules.json names "
            "SpladePooling, or without modules.json a masked language model (…ForMaskedLM)"
        )
    try:
        with silent():
            model = package.SparseEncoder(
                str(folder), device=device, local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )  # fmt: skip
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise TokalignError(
            f"{folder} cannot be loaded: {str(error).strip().splitlines()[0]}"
        ) from error
    return Splade(model)


def _is_splade(folder: Path) -> bool:
    """Whether a folder is laid out as one: of any other, a head would be drawn at random."""
    # A model with another encoder for queries names its modules in a file of the router.
    files = [folder / "modules.json", *folder.glob("**/router_config.json")]
    if files[0].is_file():
        return any("SpladePooling" in file.read_text("utf-8") for file in files)
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        return any(str(name).endswith("ForMaskedLM") for name in config["architectures"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
