"""Vectors -> top K tokens, the product and the top K fused over tiles of the vocabulary.

The ``(N, V)`` logits never exist at once: at most one tile of texts times tokens does, so memory
beyond the inputs and the result is a few tens of megabytes whatever N and V are. A matrix that is
not float32 is brought to it a tile at a time, which takes a tile of it more (128 MiB at d = 4,096).
"""

from __future__ import annotations

import torch
from tqdm.auto import tqdm

from tokalign.embedders import Embeddings
from tokalign.errors import TokalignError
from tokalign.tokens.aligned import AlignedTokens
from tokalign.tokens.head import Head

#: One tile of logits, 512 x 8192 float32, is 16 MiB: it stays near the cores.
TEXTS_A_TILE = 512
TOKENS_A_TILE = 8192


@torch.inference_mode()
def decode(
    embeddings: Embeddings,
    head: Head,
    k: int,
    *,
    swapped: bool = False,
    texts_a_tile: int = TEXTS_A_TILE,
    tokens_a_tile: int = TOKENS_A_TILE,
    progress: bool = False,
) -> AlignedTokens:
    """The K tokens with the highest logits for each vector.

    Args:
        embeddings: N vectors that the head may read.
        head: Whose logits.
        k: How many tokens; all there are where it is larger than the vocabulary.
        swapped: See `Head.refuse`.
        texts_a_tile: Texts in a tile.
        tokens_a_tile: Tokens in a tile; neither changes the result beyond rounding.
        progress: Show a progress bar on standard error.

    Returns:
        Ids and logits ``(N, min(K, V))``, highest first, equal logits by token id. Which of
        several tokens with equal logits is the K-th is not defined.

    Raises:
        TokalignError: K is less than 1, the head refuses the vectors, or a logit is not finite.
    """
    if k < 1:
        raise TokalignError(f"k must be at least 1, not {k}")
    k = min(k, len(head))
    vectors = head.ready(embeddings, swapped=swapped)
    device = vectors.device
    ids = torch.empty((len(vectors), k), dtype=torch.int32)
    logits = torch.empty((len(vectors), k), dtype=torch.float32)
    space = torch.empty(texts_a_tile * tokens_a_tile, device=device)
    tile = torch.empty(0, device=device)
    if head.matrix.dtype != torch.float32:
        tile = tile.new_empty(min(tokens_a_tile, len(head)) * head.matrix.shape[1])
    with tqdm(total=len(vectors), disable=not progress, unit="text", desc="decoding") as bar:
        for start in range(0, len(vectors), texts_a_tile):
            rows = slice(start, start + texts_a_tile)
            best, where = _best(vectors[rows], head, k, tokens_a_tile, (space, tile))
            if not bool(best.isfinite().all()):
                raise TokalignError(
                    f"{head.name} of {head.owner} gives logits that are not finite: are its "
                    "weights spoilt?"
                )
            logits[rows], ids[rows] = best.cpu(), head.ids[where].cpu().to(torch.int32)
            bar.update(len(best))
    return AlignedTokens(ids.numpy(), logits.numpy())


def _best(
    vectors: torch.Tensor, head: Head, k: int, tile: int, spaces: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and rows of the top k for one tile of texts, ``(n, k)`` each.

    The spaces are for one tile of logits, and for one of the matrix in float32.
    """
    n = len(vectors)
    space, cast = spaces
    best = torch.empty((n, 0), device=vectors.device)
    where = torch.empty((n, 0), dtype=torch.int64, device=vectors.device)
    for start in range(0, len(head), tile):
        rows = slice(start, min(start + tile, len(head)))
        width = rows.stop - rows.start
        product = space[: n * width].view(n, width)
        torch.mm(vectors, head.tile(rows, cast).T, out=product)
        values, places = head.finish(product, rows).topk(min(k, width), dim=1)
        best = torch.cat([best, values], dim=1)
        where = torch.cat([where, places + start], dim=1)
        if best.shape[1] > k:
            best, places = best.topk(k, dim=1)
            where = where.gather(1, places)
    # Rows rise with token ids: sorting by row, then stably by logit, puts equal logits in order.
    where, order = where.sort(dim=1)
    best = best.gather(1, order)
    best, order = best.sort(dim=1, descending=True, stable=True)
    return best, where.gather(1, order)
