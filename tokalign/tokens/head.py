"""The head: the matrix that turns a vector into one logit a token, and whatever belongs to it.

A head is read from the safetensors of its owner, or is the model's own input embeddings where it is
tied to them. Its matrix stays in the precision that it has there; only a tile at a time is brought
to float32. A head knows which vectors it may decode, and refuses the others. What it does *not* do:
the final norm. The vectors it takes are past it, as ``last_hidden_state`` of transformers is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from tokalign.embedders import Embeddings, Space
from tokalign.errors import TokalignError

Transform = Callable[[torch.Tensor], torch.Tensor]
#: Rows that are brought to float32, or to the CPU, at a time.
_ROWS = 8192


@dataclass(frozen=True)
class Head:
    """``logits = soft_cap(scale * (E_g @ transform(h) + bias))``.

    Attributes:
        owner: The checkpoint that the head was read from.
        matrix: ``E_g (V, d)``, in any floating precision; the rows that the tokenizer can name, no
            others. It may be a view of the model's own weights: never change it.
        ids: ``(V,)`` int64, the token id of each row.
        width: Dimension of the vectors that it takes.
        bias: ``(V,)`` or None.
        transform: What a masked-LM head does before the product; None for none.
        projections: Place in the network -> what brings a vector of that place to the matrix,
            such as OPT's output projection.
        scale: A constant factor of the logits.
        soft_cap: ``c`` in ``c * tanh(logits / c)``, which does not change their order.
        name: How the head is spoken of in errors.
    """

    owner: str
    matrix: torch.Tensor
    ids: torch.Tensor
    width: int
    bias: torch.Tensor | None = None
    transform: Transform | None = None
    projections: dict[str, torch.Tensor] | None = None
    scale: float = 1.0
    soft_cap: float | None = None
    name: str = "head"

    @property
    def linear(self) -> bool:
        """Whether scaling a vector only scales its logits, so that its length does not matter."""
        return self.bias is None and self.transform is None and self.soft_cap is None

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over all that decides the logits; the transform by what it makes of a probe."""
        probe = torch.linspace(-1, 1, self.width, device=self.matrix.device)[None]
        parts = [self.matrix, self.ids, self.bias, *(self.projections or {}).values()]
        parts.append(None if self.transform is None else self.transform(probe))
        digest = hashlib.sha256(f"{self.name} {self.scale} {self.soft_cap}".encode())
        if self.matrix.dtype != torch.float32:
            digest.update(str(self.matrix.dtype).encode())
        for part in parts:
            if part is None:
                digest.update(b"-")
                continue
            for start in range(0, len(part), _ROWS):
                rows = part[start : start + _ROWS].cpu().contiguous()
                digest.update(rows.view(torch.uint8).numpy().data)  # numpy has no bfloat16
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.ids)

    def refuse(self, space: Space, *, swapped: bool = False) -> None:
        """Raise unless vectors of `space` may be decoded here.

        Args:
            space: Where the vectors come from.
            swapped: Another model's vectors are decoded on purpose, as a control.

        Raises:
            TokalignError: Another model's vectors, another width, a place before the final norm,
                or normalised vectors for a head that is not linear.
        """
        if space.head_owner != self.owner and not swapped:
            raise TokalignError(
                f"vectors that belong to the head of {space.head_owner} cannot be decoded by "
                f"{self.name} of {self.owner} (allowed as a control: swapped=True)"
            )
        places = ("final", *(self.projections or {}))
        if space.place not in places:
            raise TokalignError(
                f"vectors of place {space.place!r} are not in the space of {self.name}; "
                f"allowed: {', '.join(places)}"
            )
        projection = (self.projections or {}).get(space.place)
        width = self.width if projection is None else projection.shape[1]
        if space.width != width:
            raise TokalignError(
                f"vectors of width {space.width} do not fit {self.name} of {self.owner}, whose "
                f"matrix is {tuple(self.matrix.shape)} and takes width {width}"
            )
        if space.normalised and not self.linear:
            raise TokalignError(
                f"{self.name} is not linear, so vectors brought to length 1 would be decoded "
                "wrongly; use Embeddings.unnormalised()"
            )

    def ready(self, embeddings: Embeddings, *, swapped: bool = False) -> torch.Tensor:
        """The vectors as they meet the matrix: checked, projected, transformed.

        Returns:
            ``(N, d')`` float32 on the head's device, d' the width of `matrix`.
        """
        self.refuse(embeddings.space, swapped=swapped)
        vectors = torch.from_numpy(np.ascontiguousarray(embeddings.vectors))
        vectors = vectors.to(self.matrix.device)
        projection = (self.projections or {}).get(embeddings.space.place)
        if projection is not None:
            vectors = vectors @ projection.T
        return vectors if self.transform is None else self.transform(vectors)

    def finish(self, products: torch.Tensor, rows: torch.Tensor | slice) -> torch.Tensor:
        """Products with the matrix -> logits.

        Args:
            products: ``(N, R)`` inner products with the rows `rows`; may be changed in place.
            rows: Which rows of the matrix, ``(R,)`` or a slice.
        """
        if self.bias is not None:
            products += self.bias[rows]
        if self.scale != 1.0:
            products *= self.scale
        if self.soft_cap is not None:
            products = torch.tanh(products / self.soft_cap) * self.soft_cap
        return products

    def restricted(self, keep: np.ndarray) -> Head:
        """The same head over some of its tokens; a view where these are the first ones.

        Args:
            keep: ``(V,)`` bool, which rows stay.
        """
        kept = np.flatnonzero(keep)
        prefix = bool(keep[: len(kept)].all())
        rows: torch.Tensor | slice = slice(0, len(kept))
        if not prefix:
            rows = torch.from_numpy(kept).to(self.matrix.device)
        return replace(
            self,
            matrix=self.matrix[rows],
            ids=self.ids[rows],
            bias=None if self.bias is None else self.bias[rows],
        )

    def tile(self, rows: slice, space: torch.Tensor | None = None) -> torch.Tensor:
        """Some rows of the matrix in float32.

        Args:
            rows: Which.
            space: Where a copy may be put, float32 with room for as many numbers; no copy is made
                of a matrix that is float32 already.

        Returns:
            ``(R, d')`` float32, d' the width of `matrix`.
        """
        some = self.matrix[rows]
        if some.dtype == torch.float32 or space is None:
            return some.float()
        return space[: some.numel()].view(some.shape).copy_(some)

    def random(self, seed: int = 0) -> Head:
        """A control: random directions, each as long as the row that it stands for.

        Bias and transform stay. The result depends on the seed and the shape alone; a matrix that
        is not float32 gives the same one rounded.
        """
        generator = torch.Generator().manual_seed(seed)
        made = torch.empty(self.matrix.shape, dtype=self.matrix.dtype, device=self.matrix.device)
        # In float32 at once; otherwise a tile at a time, which draws the same numbers in turn.
        step = len(made) if made.dtype == torch.float32 else _ROWS
        for start in range(0, len(made), max(step, 1)):
            rows = slice(start, start + step)
            directions = torch.randn(made[rows].shape, generator=generator).to(made.device)
            directions *= (self.tile(rows).norm(dim=1) / directions.norm(dim=1)).unsqueeze(1)
            made[rows] = directions
        return replace(self, matrix=made, name=f"random {self.name}")
