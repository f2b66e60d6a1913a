"""Next-token loss that never holds the logits of a whole batch.

With a vocabulary of 8,192 the logits are by far the largest tensor of a step, and writing them to
memory costs more than computing them. Here a few hundred positions at a time are scored, and
their gradients are taken at once, while they lie in the processor's cache.
"""

from __future__ import annotations

from typing import Any

import torch

#: Positions scored at a time: what a processor's cache holds; elsewhere, what keeps it busy.
CHUNK = 256
CHUNK_ELSEWHERE = 4096


class _ChunkedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: torch.Tensor, matrix: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        n = len(states)
        chunk = CHUNK if states.device.type == "cpu" else CHUNK_ELSEWHERE
        # Everything that needs no gradient is left out: evaluation pays for the forward part only.
        needed = any(ctx.needs_input_grad)
        grad_states = torch.empty_like(states) if needed else None
        grad_matrix = torch.zeros_like(matrix, dtype=torch.float32) if needed else None
        total = torch.zeros((), dtype=torch.float32, device=states.device)
        for start in range(0, n, chunk):
            part = states[start : start + chunk]
            aim = targets[start : start + chunk, None]
            logits = (part @ matrix.T).float()
            top = logits.amax(1, keepdim=True)
            picked = logits.gather(1, aim)
            logits.sub_(top).exp_()
            mass = logits.sum(1, keepdim=True)
            total += (mass.log() + top - picked).sum()
            if grad_states is not None and grad_matrix is not None:
                logits.div_(mass * n)
                logits.scatter_add_(1, aim, torch.full_like(mass, -1 / n))
                slope = logits.to(part.dtype)
                torch.mm(slope, matrix.to(part.dtype), out=grad_states[start : start + chunk])
                if part.dtype == torch.float32:
                    grad_matrix.addmm_(slope.T, part)
                else:  # summed in float32 all the same
                    grad_matrix.add_(slope.T @ part)
        ctx.save_for_backward(grad_states, grad_matrix)
        ctx.matrix_dtype = matrix.dtype
        return total / n

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        grad_states, grad_matrix = ctx.saved_tensors
        scale = gradients[0]
        return grad_states * scale, (grad_matrix * scale).to(ctx.matrix_dtype), None


def next_token_loss(
    states: torch.Tensor, matrix: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Mean cross-entropy of the next token.

    Args:
        states: Hidden states past the final norm, ``(n, d)``.
        matrix: The head, ``(V, d)``, in the dtype of the states.
        targets: ``(n,)`` int64.

    Returns:
        A float32 scalar, in nats.

    >>> states, matrix = torch.zeros(3, 2), torch.ones(8, 2)
    >>> round(float(next_token_loss(states, matrix, torch.tensor([0, 1, 2])).exp()), 4)
    8.0
    """
    loss: torch.Tensor = _ChunkedLoss.apply(states, matrix, targets)  # type: ignore[no-untyped-call]
    return loss
