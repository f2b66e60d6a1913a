"""An index and what is asked of it: queries, a search, why a document was found.

With 8 bits the stored weights are whole steps. They are handed to an engine as they are, and its
scores are multiplied by the length of a step afterwards: where query weights are whole numbers, so
are the sums, and equal documents score equally whatever the order of adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from tokalign.embedders import Embedder, encode_stored
from tokalign.errors import TokalignError
from tokalign.retrieval.engines import Engine, ExactEngine
from tokalign.retrieval.index.mapping import MappedIndex
from tokalign.retrieval.matches import Match, matches
from tokalign.retrieval.run import TOP, Run
from tokalign.retrieval.sparse import SparseEncoder
from tokalign.retrieval.sparse.weighting import weighted_queries
from tokalign.store import Store, texts_key
from tokalign.tokens import Head


@dataclass(frozen=True, eq=False)
class SparseIndex(MappedIndex):
    """An index that answers queries; see `MappedIndex` for what it holds."""

    _encoders: dict[int, SparseEncoder] = field(default_factory=dict, init=False, repr=False)

    def check(self, embedder: Embedder, head: Head) -> None:
        """Refuse an embedder whose vectors the index was not made of.

        Raises:
            TokalignError: Another embedder, or another head.
        """
        made = self.description.embedder
        for part, ours, given in (
            ("embedder", made.fingerprint, embedder.fingerprint),
            ("head", made.head, head.fingerprint),
        ):
            if ours != given:
                raise TokalignError(
                    f"the index {self.folder} was made by {made.name} ({part} {ours[:12]}), not by "
                    f"{embedder.name} ({part} {given[:12]}); load that one, or build the index "
                    "again with `tokalign index --replace`"
                )

    def queries(
        self,
        texts: Sequence[str],
        embedder: Embedder,
        head: Head,
        *,
        expand: int | None = None,
        store: Store | None = None,
    ) -> sp.csr_array:
        """Queries as they meet the index, inverse document frequencies applied.

        Args:
            texts: Q queries. A blank one has no weights.
            embedder: The one that made the index; its prompt ``query`` is used where it has one.
            head: Its head.
            expand: By how many aligned tokens a query is expanded; as the settings say where it
                is None.
            store: Where the queries' vectors are kept; None computes them.

        Returns:
            ``(Q, C)`` float32.

        Raises:
            TokalignError: See `check` and `SparseEncoder.queries`.
        """
        if isinstance(texts, str):
            raise TypeError("texts is one string; give a list of strings")
        encoder = self._encoder(embedder, head, expand)
        there = [place for place, text in enumerate(texts) if text.strip()]
        some = [texts[place] for place in there]
        if encoder.settings.expand and some:
            prompt = "query" if "query" in embedder.recipe.prompts else None
            vectors = encode_stored(embedder, some, store, prompt_name=prompt)
            made = encoder.queries(vectors if head.linear else vectors.unnormalised(), some)
        else:
            made = encoder.literal(some)
        filled = self.description.documents.count - self.description.documents.blank
        made = weighted_queries(made, self.frequency, filled, encoder.settings)
        lengths = np.zeros(len(texts) + 1, dtype=np.int64)
        lengths[np.array(there, dtype=np.int64) + 1] = np.diff(made.indptr)
        shape = (len(texts), made.shape[1])
        return sp.csr_array((made.data, made.indices, np.cumsum(lengths)), shape=shape)

    def search(
        self,
        queries: Sequence[str],
        embedder: Embedder,
        head: Head,
        *,
        top: int = TOP,
        expand: int | None = None,
        engine: Engine | None = None,
        ids: Sequence[str] | None = None,
        store: Store | None = None,
    ) -> Run:
        """Search.

        Args:
            queries: Q queries; a blank one finds nothing.
            embedder: See `queries`.
            head: See `queries`.
            top: Documents a query keeps.
            expand: See `queries`.
            engine: Who searches, filled by `fill`; exact search in memory where it is None.
            ids: Q names of the queries in the run; ``"1"``, ``"2"`` and so on where it is None.
            store: See `queries`.

        Returns:
            The run. Documents that share no token with a query are not found.

        Raises:
            TokalignError: `top` is below 1; see `queries`.
        """
        if top < 1:
            raise TokalignError(f"top must be at least 1, not {top}")
        names = [str(number) for number in range(1, len(queries) + 1)] if ids is None else ids
        made = self.queries(queries, embedder, head, expand=expand, store=store)
        found = (self._exact if engine is None else engine).search(made, top)
        step = self.description.step
        rankings = {
            name: {document: score * step for document, score in ranking.items()}
            for name, ranking in zip(names, found, strict=True)
        }
        return Run(f"sparse, {self.description.embedder.name}", rankings)

    def explain(
        self,
        query: str,
        documents: Sequence[str],
        embedder: Embedder,
        head: Head,
        *,
        expand: int | None = None,
    ) -> dict[str, list[Match]]:
        """Which tokens a query shares with documents, and what each adds to the score.

        Args:
            query: The query.
            documents: Identifiers.
            embedder: See `queries`.
            head: See `queries`.
            expand: See `queries`.

        Returns:
            Document -> its matches, what adds most first.

        Raises:
            TokalignError: There is no such document; see `queries`.
        """
        wanted = set(documents)
        places = {name: place for place, name in enumerate(self.ids) if name in wanted}
        for name in documents:
            if name not in places:
                raise TokalignError(f"the index {self.folder} holds no document {name!r}")
        encoder = self._encoder(embedder, head, expand)
        weights = self.queries([query], embedder, head, expand=expand)
        literal = encoder.literal([query])
        rows = self.matrix[[places[name] for name in documents]] * self.description.step
        return {
            name: matches(weights, literal, rows[[number]], encoder.columns.names)
            for number, name in enumerate(documents)
        }

    @cached_property
    def _exact(self) -> ExactEngine:
        return self.fill(ExactEngine())

    def _encoder(self, embedder: Embedder, head: Head, expand: int | None) -> SparseEncoder:
        self.check(embedder, head)
        settings = self.description.settings
        if expand is not None:
            settings = settings.changed(expand=expand)
        made = self._encoders.get(settings.expand)
        if made is None or made.head is not head:
            made = SparseEncoder(head, embedder.tokenizer, settings, self.mean)
            if texts_key(made.columns.names) != self.description.column_names:
                raise TokalignError(
                    f"the index {self.folder} was made by tokalign {self.description.tokalign}, "
                    "which counted other tokens as one; build it again with `tokalign index "
                    "--replace`"
                )
            self._encoders.clear()
            self._encoders[settings.expand] = made
        return made
