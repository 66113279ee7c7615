"""Turns conversations into token ids: rows with the mask of trained tokens for trainer and preview, prompts for the chat.

As a program, `python -m academy.text.tokens request.json` prints the preview of a training as one JSON object, without loading torch.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from academy.messages import Text, count, msg, to_json
from academy.text.conversations import Message, Numbered, read_conversations
from academy.text.failures import Failure, as_failure
from academy.text.templates import ChatForm, NotRendered, Renderer, Written, choose
from academy.text.token_rows import TokenRows
from academy.text.token_rows import Tokens as Tokens

_CHUNK = 512
_TELL = 5000


@dataclass
class Tokenized:
    """All rows of a dataset, the cut ones, and the reasons why others are left out."""

    rows: Sequence[Tokens] = field(default_factory=list)
    truncated: list[int] = field(default_factory=list)  # dataset rows that were cut
    untrained: dict[int, Text] = field(default_factory=dict)  # dataset rows left out: why
    thoughts: int = 0  # dataset rows with thoughts
    thoughts_dropped: int = 0  # of these, learned without them: the base has no form for thoughts
    tools: int = 0  # dataset rows with tools, calls or results

    @property
    def notes(self) -> list[Text]:
        """What is done with thoughts and tools, as far as there are any."""
        told: list[Text] = []
        if self.thoughts_dropped:
            one = "The base model has no form for thoughts, so those of {n} row are left out; its answers are learned."
            other = "The base model has no form for thoughts, so those of {n} rows are left out; their answers are learned."
            told.append(count(self.thoughts_dropped, one=one, other=other))
        elif self.thoughts:
            one = "{n} row holds thoughts, written as the base model writes its own."
            other = "{n} rows hold thoughts, written as the base model writes its own."
            told.append(count(self.thoughts, one=one, other=other))
        if self.tools:
            one = "{n} row holds calls of tools; what they gave back is not learned."
            other = "{n} rows hold calls of tools; what they gave back is not learned."
            told.append(count(self.tools, one=one, other=other))
        return told


def load_tokenizer(folder: Path) -> Any:
    """The base model's own tokenizer; its own code is never run."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise Failure(msg("The base model's tokenizer cannot be loaded: {reason}", reason=reason), "damaged_base") from error


def prompt_ids(tokenizer: Any, form: Renderer, messages: list[Message], prefix: str = "", *, thinking: bool = False) -> list[int]:
    """The tokens that the model continues with its answer, equal to those before the answer in training; raises NotRendered."""
    return tokenizer(form.prompt(messages, thinking=thinking) + prefix, add_special_tokens=False, verbose=False)["input_ids"]


def after_thought(tokenizer: Any, form: Renderer, ids: Sequence[int]) -> Sequence[int]:
    """The tokens of a reply behind the thought that it begins with."""
    mark = form.thoughts.after.strip() if form.thoughts else ""
    if not mark or mark not in tokenizer.decode(ids):
        return ids
    return ids[next(end for end in range(1, len(ids) + 1) if mark in tokenizer.decode(ids[:end])) :]


def longest_of(folder: Path, requested: int) -> int:
    """The most tokens that a row can have: the requested number, or the base model's own limit where that is lower."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
        text = config["text_config"] if isinstance(config.get("text_config"), dict) else config
        most = int(text.get("max_position_embeddings") or text.get("n_positions") or requested)
    except (OSError, ValueError, TypeError, AttributeError):
        return requested
    return min(requested, most) if most > 0 else requested


def tokenize(
    tokenizer: Any,
    form: ChatForm,
    conversations: Iterable[Numbered],
    max_length: int,
    progress: Callable[[float], None] = lambda fraction: None,
    folder: Path | None = None,
) -> Tokenized:
    """Every conversation as rows of tokens, cut at `max_length`; rows without a trained token before it are left out.

    Conversations are read once and one after another, and the rows of a large set lie in a nameless file in `folder`, so memory stays
    small whatever the set.
    """
    rows = TokenRows(folder)
    result = Tokenized(rows)
    done, total = 0, len(conversations) if isinstance(conversations, Sized) else 0
    kept = None  # the dataset row that was kept last; the rows of tokens that come from one follow one another
    for row, messages, written, ids, trained in _all_tokens(tokenizer, form, conversations, result.untrained):
        done += 1
        is_text = messages[0]["role"] == "text"
        if is_text and ids:
            trained[0] = False  # nothing stands before it, from which it could be predicted
        if total and done % _TELL == 0:
            progress(min(done / total, 1.0))
        if len(ids) > max_length and (not result.truncated or result.truncated[-1] != row):
            result.truncated.append(row)
        if not any(trained[:max_length]):
            if row != kept:
                after = msg("its answer starts after the limit of {n} tokens", n=max_length)
                never = msg("no token of its answer can be trained ({end!r})", end=written.text[-40:])
                result.untrained.setdefault(row, after if len(ids) > max_length else never)
            continue
        rows.append(Tokens(row, ids[:max_length], trained[:max_length], len(ids), is_text))
        if row != kept:
            kept = row
            result.untrained.pop(row, None)
            result.thoughts += any(message.get("thinking") for message in messages)
            result.tools += any(message["role"] == "tool" or message.get("calls") for message in messages)
    result.thoughts_dropped = 0 if form.thoughts else result.thoughts
    return result


def _all_tokens(
    tokenizer: Any, form: ChatForm, conversations: Iterable[Numbered], refused: dict[int, Text]
) -> Iterator[tuple[int, list[Message], Written, list[int], list[bool]]]:
    special = set(tokenizer.get_added_vocab().values())
    remaining = iter(conversations)
    while chunk := list(islice(remaining, _CHUNK)):
        texts: list[tuple[int, list[Message], Written]] = []
        for row, messages in chunk:
            try:
                texts.extend((row, messages, written) for written in form.write(messages))
            except NotRendered as error:
                refused[row] = error.message_text
        encoded = _encode(tokenizer, [written.text for *_, written in texts])
        for (row, messages, written), (ids, offsets) in zip(texts, encoded, strict=True):
            yield row, messages, written, *_masked(tokenizer, special, written, ids, offsets)


def _encode(tokenizer: Any, texts: list[str]) -> list[tuple[list[int], list[tuple[int, int]] | None]]:
    if not texts:
        return []
    if getattr(tokenizer, "is_fast", False):
        encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return list(zip(encoded["input_ids"], encoded["offset_mapping"], strict=True))
    return [(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"], None) for text in texts]


def _masked(
    tokenizer: Any, special: set[int], written: Written, ids: list[int], offsets: list[tuple[int, int]] | None
) -> tuple[list[int], list[bool]]:
    """The mask of one text: a token is trained where it lies in a trained range."""
    if offsets is None:
        return _by_pieces(tokenizer, written)
    trained = [False] * len(ids)
    spans = iter(written.spans)
    span = next(spans, None)
    before = 0
    split = False
    for at, (start, end) in enumerate(offsets):
        # Some tokenizers leave the space before a word out of its token's offsets.
        start = min(start, before) if end > before else start
        before = max(before, end)
        while span is not None and start >= span[1]:
            span = next(spans, None)
        if span is None:
            break
        inside = end > span[0] if end > start else start > span[0]
        if inside and start < span[0]:
            if ids[at] in special:
                continue  # a token that swallows the spaces behind it
            split = True
        trained[at] = inside
    if split:
        # A token reaches from the prompt into the answer. At inference the prompt is tokenized alone, so train on that.
        pieces = _by_pieces(tokenizer, written)
        if tokenizer.decode(pieces[0]) == tokenizer.decode(ids):
            return pieces
    return ids, trained


def _by_pieces(tokenizer: Any, written: Written) -> tuple[list[int], list[bool]]:
    ids: list[int] = []
    trained: list[bool] = []
    done = 0
    for start, end in [*written.spans, (len(written.text), len(written.text))]:
        for text, flag in ((written.text[done:start], False), (written.text[start:end], True)):
            if text:
                piece = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
                ids += piece
                trained += [flag] * len(piece)
        done = end
    return ids, trained


def preview(request: dict[str, Any]) -> dict[str, Any]:
    """The training of a dataset file in advance: the lengths of all rows, and the requested rows token by token."""
    tokenizer = load_tokenizer(Path(request["base_path"]))
    form = choose(tokenizer)
    conversations = read_conversations(Path(request["dataset_path"]))
    limit = longest_of(Path(request["base_path"]), int(request["max_seq_length"]))
    text_limit = int(request.get("text_limit") or 20_000)
    result = tokenize(tokenizer, form, conversations, 1 << 30)
    order = {row: index for index, (row, _) in enumerate(conversations)}
    lengths = [0] * len(conversations)
    untrained = set(result.untrained)
    reachable: set[int] = set()
    for tokens in result.rows:
        index = order[tokens.row]
        lengths[index] = max(lengths[index], len(tokens.ids))
        if any(tokens.trained[:limit]):
            reachable.add(tokens.row)
    untrained |= {row for row, _ in conversations} - reachable
    left_out = [msg("Row {row} is left out: {why}.", row=row, why=why) for row, why in list(result.untrained.items())[:20]]
    requested = [index for index in request.get("rows") or [] if 0 <= index < len(conversations)]
    return {
        "count": len(conversations),
        "lengths": lengths,
        "truncated": sum(length > limit for length in lengths),
        "untrained": len(untrained),
        "untrained_rows": sorted(order[row] for row in untrained if row in order)[:1000],
        "template": form.route,
        "end_token": form.end_token,
        "max_length": limit,
        "notes": [to_json(note) for note in [*form.notes, *result.notes, *left_out]],
        "rows": [
            {"index": index, "tokens": _colored(tokenizer, result, conversations[index][0], limit, text_limit)} for index in requested
        ],
    }


def _colored(tokenizer: Any, result: Tokenized, row: int, limit: int, text_limit: int) -> list[dict[str, str]]:
    colored: list[dict[str, str]] = []
    used = 0
    for tokens in result.rows:
        if tokens.row != row:
            continue
        for at, (token, trained) in enumerate(zip(tokens.ids, tokens.trained, strict=True)):
            text = tokenizer.decode([token])
            used += len(text)
            if used > text_limit:
                return colored
            colored.append({"text": text, "kind": "cut" if at >= limit else "trained" if trained else "context"})
    return colored


def main(arguments: list[str]) -> int:
    """The preview program: prints the reply, or {"error", "cause", …} and returns 1."""
    # The tokenizer works without torch, which takes longer to load than everything else.
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_NO_ADVISORY_WARNINGS="1", TRANSFORMERS_VERBOSITY="error")
    failures: list[Failure] = []
    reply: dict[str, Any] = {}
    with as_failure(failures.append):
        reply = preview(json.loads(Path(arguments[0]).read_bytes()))
    for failure in failures:
        reply = {"error": to_json(failure.text), "cause": failure.cause, **failure.fields}
    sys.stdout.write(json.dumps(reply, ensure_ascii=True, allow_nan=False) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
