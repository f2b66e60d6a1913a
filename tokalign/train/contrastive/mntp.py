"""Masked next-token prediction: how LLM2Vec teaches a causal model to read both ways.

Some tokens are hidden; each is predicted, with attention in both directions, from the state of the
token before it, where the head has always looked for the next token (BehnamGhader et al., arXiv
2404.05961).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tokalign.errors import TokalignError
from tokalign.train.contrastive.attention import attending
from tokalign.train.contrastive.losses import Contrast
from tokalign.train.loss import next_token_loss

#: Share of the tokens that is hidden.
SHARE = 0.2
#: What stands where a token is hidden; these models have no mask token, and this one is rare.
BLANK = "_"


def blank_id(tokenizer: Any) -> int:
    """The id of the token that hides others.

    Raises:
        TokalignError: The tokenizer has no such token.
    """
    number = tokenizer.get_vocab().get(BLANK)
    if number is None:
        raise TokalignError(f"the tokenizer has no token {BLANK!r} to hide others behind")
    return int(number)


def hide(
    ids: np.ndarray, draw: np.random.Generator, blank: int, share: float = SHARE
) -> tuple[np.ndarray, np.ndarray]:
    """Hide some tokens of sequences; never the first, which nothing stands before.

    Args:
        ids: ``(B, L)`` int64, without padding.
        draw: Decides which.
        blank: The id that is put in their place.
        share: How many of them.

    Returns:
        The sequences with blanks ``(B, L)``, and where they are ``(B, L)`` bool, at least one a
        sequence.

    >>> hidden, where = hide(np.arange(20).reshape(2, 10), np.random.default_rng(0), blank=99)
    >>> where.sum(axis=1).tolist(), where[:, 0].any(), (hidden[where] == 99).all()
    ([2, 2], np.False_, np.True_)
    """
    count = max(1, round(share * (ids.shape[1] - 1)))
    ranks = draw.random((len(ids), ids.shape[1] - 1)).argsort(axis=1).argsort(axis=1)
    where = np.zeros(ids.shape, dtype=bool)
    where[:, 1:] = ranks < count
    return np.where(where, blank, ids), where


def mntp_loss(model: Any, ids: np.ndarray, hidden: np.ndarray, where: np.ndarray) -> Contrast:
    """Mean loss of the hidden tokens.

    Args:
        model: A causal language model with its head; it is read in both directions.
        ids: ``(B, L)``, the whole sequences.
        hidden: ``(B, L)``, with blanks.
        where: ``(B, L)`` bool, true at blanks.

    Returns:
        The loss in nats a token, and the share that is predicted right.
    """
    device = model.get_input_embeddings().weight.device
    with attending(model, "bidirectional"):
        states = body_of(model)(
            input_ids=torch.from_numpy(hidden).to(device), use_cache=False
        ).last_hidden_state
    before = torch.from_numpy(np.roll(where, -1, axis=1)).to(device)
    aims = torch.from_numpy(ids[where]).to(device)
    chosen = states[before]
    head = model.get_output_embeddings().weight.to(chosen.dtype)
    with torch.no_grad():
        right = (chosen @ head.T).argmax(dim=1) == aims
    return Contrast(next_token_loss(chosen, head, aims), float(right.float().mean()))


def body_of(model: Any) -> Any:
    """The part of a language model that gives hidden states, adapters or not."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return getattr(inner, inner.base_model_prefix, inner)
