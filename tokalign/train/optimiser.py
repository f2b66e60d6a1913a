"""Muon for the matrices inside the blocks, AdamW for everything else.

Muon takes the momentum of a matrix, replaces its singular values by about 1, and steps along
that (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/). torch has one too, but it
computes in bfloat16, which processors without such instructions only imitate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch

#: Coefficients of the quintic Newton-Schulz step, from the post above.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_STEPS = 5


def orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Bring the singular values of matrices near 1, keeping their singular vectors.

    Args:
        matrices: ``(n, rows, columns)``.

    Returns:
        The same shape; singular values lie between about 0.7 and 1.2.

    >>> torch.manual_seed(0) and None
    >>> spread = torch.linalg.svdvals(orthogonalised(torch.randn(1, 8, 8)))
    >>> bool((spread > 0.5).all() and (spread < 1.3).all())
    True
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C), x, beta=_A)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum orthogonalised, for two-dimensional weights.

    Args:
        params: Matrices, or groups of them with settings of their own.
        lr: Step size, as a share of a matrix whose singular values are all 1.
        momentum: Of the running mean of gradients (Nesterov).
        weight_decay: Decoupled, scaled by `lr`.
    """

    def __init__(
        self,
        params: Iterable[torch.Tensor] | Iterable[dict[str, Any]],
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Take one step; `closure` is not called."""
        for group in self.param_groups:
            same: dict[tuple[int, ...], list[torch.Tensor]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    same[tuple(p.shape)].append(p)
            # Matrices of one shape go through together.
            for (rows, columns), params in same.items():
                directions = [self._direction(p, group["momentum"]) for p in params]
                updates = orthogonalised(torch.stack(directions))
                size = group["lr"] * max(1.0, rows / columns) ** 0.5
                for p, update in zip(params, updates, strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update, alpha=-size)

    def _direction(self, parameter: torch.Tensor, momentum: float) -> torch.Tensor:
        """The gradient, and the running mean of gradients, weighed (Nesterov)."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum"], momentum)


def build_optimisers(
    model: torch.nn.Module,
    *,
    kind: str = "muon",
    lr: float = 3e-3,
    muon_lr: float = 0.02,
    weight_decay: float = 0.1,
    score_step: float = 1.0,
) -> list[torch.optim.Optimizer]:
    """The optimisers of a language model.

    Args:
        model: The model with its head.
        kind: ``muon``, or ``adamw`` for all weights alike.
        lr: Step size of AdamW.
        muon_lr: Step size of Muon.
        weight_decay: Of matrices; vectors (norms, biases) have none.
        score_step: Factor of the step size of the query and key matrices, see `score_step`.
    """
    groups: dict[str, list[torch.Tensor]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        groups[_kind_of(name, parameter)].append(parameter)
    step = muon_lr if kind == "muon" else lr
    inner: list[dict[str, Any]] = [
        {"params": groups["hidden"], "lr": step, "weight_decay": weight_decay},
        {"params": groups["scores"], "lr": step * score_step, "weight_decay": weight_decay},
    ]
    outer: list[dict[str, Any]] = [
        {"params": groups["tables"], "lr": lr, "weight_decay": weight_decay},
        {"params": groups["vectors"], "lr": lr, "weight_decay": 0.0},
    ]
    settings: dict[str, Any] = {"lr": lr, "betas": (0.9, 0.95), "fused": True}
    if kind == "muon":
        return [Muon(inner), torch.optim.AdamW(outer, **settings)]
    return [torch.optim.AdamW([*inner, *outer], **settings)]


def score_step(scaled: bool, head_width: int) -> float:
    """How much shorter the steps of query and key matrices are where scores are not scaled.

    An architecture that does not divide its scores by the root of a head's width (GPT-Neo) has
    them that much larger at the same matrices. With the usual steps they soon grow so large that
    every position looks at one other alone, and the model learns little more.

    Args:
        scaled: Whether the architecture scales its scores.
        head_width: Dimensions of a head.

    >>> score_step(True, 64), round(score_step(False, 64) ** 2 * 64**0.5, 6)
    (1.0, 1.0)
    """
    return 1.0 if scaled else float(head_width**-0.25)


def _kind_of(name: str, parameter: torch.Tensor) -> str:
    """``vectors``, ``tables`` (embeddings, head), ``scores`` (query, key) or other ``hidden``."""
    parts = set(name.split("."))
    if parameter.ndim < 2:
        return "vectors"
    if parts & {"wte", "wpe", "embed_tokens", "embed_positions", "lm_head"}:
        return "tables"
    return "scores" if parts & {"q_proj", "k_proj"} else "hidden"
