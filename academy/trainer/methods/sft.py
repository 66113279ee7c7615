"""Supervised fine-tuning: the model learns to predict the tokens of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from academy.text.tokens import Tokens
from academy.trainer.compute.attention import DOCUMENTS
from academy.trainer.compute.batches import Batch, lay_end_to_end, pad
from academy.trainer.compute.head_loss import has_plain_head, head_loss, logits_logps, logits_loss, target_logps
from academy.trainer.compute.model import Adapted


class SupervisedFineTuning:
    """Cross entropy over the trained tokens."""

    apart = False

    def __init__(self, adapted: Adapted, tokenizer: Any) -> None:
        self._base = adapted.model.get_base_model()
        self._placement = adapted.placement
        self._end_to_end = adapted.end_to_end
        filler = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        self._filler = 0 if filler is None else filler
        self._plain_head = has_plain_head(self._base.config)

    def collate(self, rows: Sequence[Tokens], rehearsed: Sequence[Tokens] = ()) -> Batch:
        """The rows as one batch, on the model's device, and after them those that are rehearsed."""
        together = [*rows, *rehearsed]
        batch = lay_end_to_end(together) if self._end_to_end else pad(together, self._filler)
        return (batch.rehearsing(len(rehearsed)) if rehearsed else batch).to(self._placement.device)

    def loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The summed loss of a batch's trained tokens, which of them the model predicts, and the logits of what is rehearsed."""
        DOCUMENTS.lay(batch.bounds, batch.prefix)
        trained = batch.trained
        with self._placement.autocast():
            if not self._plain_head:
                logits = self._all_logits(batch)
                return *logits_loss(logits[:trained], batch.targets[:trained]), logits[trained:]
            hidden, head = self._hidden(batch), self._base.get_output_embeddings()
            return *head_loss(hidden[:trained], head, batch.targets[:trained]), head(hidden[trained:])

    def logps(self, batch: Batch) -> torch.Tensor:
        """The log-probability of each trained token: (trained)."""
        DOCUMENTS.lay(batch.bounds, batch.prefix)
        with self._placement.autocast():
            if not self._plain_head:
                return logits_logps(self._all_logits(batch), batch.targets)
            return target_logps(self._hidden(batch), self._base.get_output_embeddings(), batch.targets)

    def measured(self) -> dict[str, float]:
        """Nothing: the rows that are known say what is learned."""
        return {}

    def _hidden(self, batch: Batch) -> torch.Tensor:
        hidden = self._base.base_model(**batch.inputs, use_cache=False).last_hidden_state.flatten(0, 1)
        return hidden.index_select(0, batch.positions)

    def _all_logits(self, batch: Batch) -> torch.Tensor:
        logits = self._base(**batch.inputs, use_cache=False).logits.flatten(0, 1)
        return logits.index_select(0, batch.positions).float()
