"""The exam itself: asks an adapter and its base what was taught, the same in other words, and general questions; makes the report."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from academy.messages import Text, to_json
from academy.text.conversations import Message as Turn
from academy.text.conversations import Numbered, wordings_in
from academy.text.matching import Answers
from academy.text.tokens import tokenize
from academy.trainer.dataset import Dataset
from academy.trainer.exam import general, sentences
from academy.trainer.exam.examinee import Examinee, Reading
from academy.trainer.exam.intervals import mean_of
from academy.trainer.exam.sampling import Clock, spread
from academy.trainer.exam.taught import Row, rows_of, sampled_rows, texts_of, wordings_of
from academy.trainer.exam.verdict import Count, Fall, Findings, General, Lesson, Preferred, judge
from academy.trainer.report import now

_MOST_ROWS = 2000  # read
_MOST_ITEMS = 200  # answered
_MOST_LOSSES = 100  # trained rows of a set that teaches a manner
_FEWEST_LOSSES = 8  # rows that are read however long it takes: by them alone such a set is judged
_MOST_EARLIER, _EARLIER_ROWS = 8, 40
_NOISE_ROWS = 16
_EXTRA_TOKENS = 8  # beyond the expected answer
_QUESTION_TOKENS = 64  # for a question without an expected answer
_LONGEST_TEXT = 2000  # characters of a cell of the table
_MOST_TURNS, _LONGEST_TURN = 20, 400  # before the question of a row, and characters of each


@dataclass(frozen=True)
class Question:
    """A question of the person; without an expected answer it is only shown."""

    question: str
    expected: str = ""


@dataclass(frozen=True)
class Earlier:
    """A dataset that the person taught before."""

    dataset_id: str
    conversations: Sequence[Numbered]


@dataclass(frozen=True)
class Subject:
    """What is examined, and what it is asked."""

    report_id: str
    lesson: Lesson
    fingerprint: str
    style: bool  # the set teaches a manner
    seed: int = 0  # of the samples
    dataset: Dataset | None = None
    questions: Sequence[Question] = ()
    earlier: Sequence[Earlier] = ()
    cache: Path | None = None
    max_length: int = 2048
    base_only: bool = False


@dataclass
class Exam:
    """One exam; `tell` is called with what is done now and the part of the exam that is behind."""

    subject: Subject
    examinee: Examinee
    clock: Clock
    tell: Callable[[Text, float], None] = lambda message, fraction: None
    compare: Callable[[Mapping[int, bool]], dict[str, Any]] | None = None  # what became of preferences, given the known rows
    parts: dict[str, float] = field(default_factory=dict)

    def sit(self) -> dict[str, Any]:
        """The report, as `report.json` holds it; its texts are not rendered."""
        with self.examinee.seated():
            return self._sit()

    def _sit(self) -> dict[str, Any]:
        subject, dataset = self.subject, self.subject.dataset
        every, taught = sampled_rows(dataset.conversations, dataset.train.rows) if dataset else ([], 0)
        rows = spread(every, _MOST_ROWS, subject.seed)
        known = self._part("known", "Reading the rows.", 0.0, lambda: self._known(rows)) if rows else {}
        compare = self.compare
        compared = self._part("preferences", "Comparing the answers.", 0.08, lambda: compare(known)) if compare else None
        table = self._part("items", "Asking what was taught.", 0.1, lambda: self._items(rows, known)) if rows else []
        own = self._part("questions", "Asking your questions.", 0.35, self._questions) if subject.questions else []
        # What is preferred is a manner, which no answer in other words shows.
        by_heart = rows if not compared or not subject.lesson.prefers or compared["kind"] == "corrections" else []
        wordings = self._part("rephrased", "Asking it in other words.", 0.4, lambda: self._wordings(by_heart)) if by_heart else []
        earlier = self._part("earlier", "Reading earlier datasets.", 0.5, self._earlier) if subject.earlier else []
        base = self._base_answers()
        asked = self._part("general", "Asking general questions.", 0.55, lambda: general.ask(self.examinee, base, self.clock))
        drift = self._part("drift", "Measuring the drift.", 0.8, lambda: general.drift(self.examinee, base, self.clock))
        held_out, loss = self._part("held_out", "Reading the held-out rows.", 0.85, lambda: self._losses(rows))
        noise = self._part("noise", "Reading some rows again.", 0.95, lambda: self._noise(rows, known)) if rows else 0.0
        measured = {
            "known": {"rows": sum(known.values()), "of": len(known)},
            "rows": taught,
            "rephrased": _rephrased(wordings),
            "held_out": held_out,
            "general": general.result_of(asked),
            "general_asked": len(asked),
            "drift": round(drift.mean, 5) if drift else None,
            "drift_tokens": drift.tokens if drift else 0,
            "earlier": earlier,
            "noise": noise,
            **({"preferences": compared} if compared else {}),
            "cut": len(known) < len(rows) or len(table) < min(len(known), _MOST_ITEMS) or len(asked) < len(general.probe()),
        }
        return self._report(measured, loss, [*table, *own], wordings)

    def _report(
        self, measured: dict[str, Any], loss: Fall | None, items: list[dict[str, Any]], wordings: list[dict[str, Any]]
    ) -> dict[str, Any]:
        subject, lesson = self.subject, self.subject.lesson
        judged = [item for item in items if item["right"] is not None]
        before = Count(sum(bool(item["base_right"]) for item in judged), len(judged))
        after = Count(sum(bool(item["right"]) for item in judged), len(judged))
        known = Count(measured["known"]["rows"], measured["known"]["of"])
        if not known.of:
            # Only questions were asked: those that are answered right count as known.
            known = after
            measured["known"] = {"rows": known.right, "of": known.of}
        found = Findings(
            style=subject.style,
            known=known,
            before=before,
            after=after,
            loss=loss,
            held_out=measured["held_out"] is not None,
            general=_general(measured["general"]),
            has_adapter=not subject.base_only,
            preferred=_preferred(measured.get("preferences")) if lesson.prefers else None,
        )
        verdict = judge(found, lesson)
        seconds = self.clock.spent
        told = [*verdict.sentences, *sentences.measured(measured, found, seconds, self.examinee.adapted.placement.name)]
        return {
            "id": subject.report_id,
            "adapter_id": "base" if subject.base_only else lesson.adapter_id,
            "base_model": lesson.base_model,
            "dataset_id": lesson.dataset_id,
            "created_at": now(),
            "seconds": round(seconds, 1),
            "parts": self.parts,
            "goal": "style" if subject.style else "facts",
            **measured,
            "before": {"right": before.right, "of": before.of},
            "after": {"right": after.right, "of": after.of},
            "verdict": verdict.verdict,
            "missing": verdict.missing,
            "sentences": [to_json(sentence) for sentence in told],
            "verdict_sentences": len(verdict.sentences),  # of them; the others say how it was measured
            "remedies": [{"label": to_json(item["label"]), "request": item["request"]} for item in verdict.remedies],
            "items": sorted(items, key=_worst_first),
            "wordings": sorted(wordings, key=lambda item: item["right"]),
        }

    def _part(self, name: str, message: Text, fraction: float, work: Callable[[], Any]) -> Any:
        self.tell(message, fraction)
        began = self.clock.spent
        result = work()
        self.parts[name] = round(self.clock.spent - began, 2)
        return result

    # -- parts

    def _known(self, rows: Sequence[Row]) -> dict[int, bool]:
        """By row number, whether the model gives the whole answer under teacher forcing; greedily it then gives exactly that answer."""
        read = self._read(rows, base=False, until=self.clock.until(0.5))
        return {number: all(reading.known for reading in readings) for number, readings in read.items()}

    def _read(self, rows: Sequence[Row], *, base: bool, until: float) -> dict[int, list[Reading]]:
        """The readings of the rows that were reached, by row number."""
        tokens = [(row.number, item) for row in rows for item in row.tokens]
        read: dict[int, list[Reading]] = {}
        for (number, _), reading in zip(tokens, self.examinee.read([item for _, item in tokens], base=base, until=until), strict=True):
            if reading is not None:
                read.setdefault(number, []).append(reading)
        whole = {row.number for row in rows if len(read.get(row.number, ())) == len(row.tokens)}
        return {number: readings for number, readings in read.items() if number in whole}

    def _items(self, rows: Sequence[Row], known: dict[int, bool]) -> list[dict[str, Any]]:
        """The table: what the base answers and what the adapter answers."""
        prompted = [(row, ids) for row in rows if row.number in known and (ids := self._prompt(row, row.before))][:_MOST_ITEMS]
        most = [self._room(row) for row, _ in prompted]
        before = self.examinee.answers([ids for _, ids in prompted], most, base=True, until=self.clock.until(0.35))
        reached = [(at, row) for at, (row, _) in enumerate(prompted) if before[at] is not None]
        # A known row's answer is the expected one; only the others have to be asked.
        open_rows = [at for at, row in reached if not known[row.number]]
        replies = self.examinee.answers([prompted[at][1] for at in open_rows], [most[at] for at in open_rows], until=self.clock.until(0.35))
        after = dict(zip(open_rows, replies, strict=True))
        items = []
        for at, row in reached:
            reply = row.expected.strip() if known[row.number] else self._shown(after[at])
            if reply is not None:
                first = self._shown(before[at]) or ""
                item = _item("row", row.question, row.expected, first, reply, known[row.number])
                items.append(item | _judged(row, first, reply) | _earlier_turns(row))
        return items

    def _questions(self) -> list[dict[str, Any]]:
        """The person's own questions."""
        questions = [item for item in self.subject.questions if item.question.strip()][:_MOST_ITEMS]
        keys = Answers(item.expected for item in questions if item.expected)
        prompts = [(item, ids) for item in questions if (ids := self.examinee.prompt([{"role": "user", "content": item.question}]))]
        most = [self.examinee.length(item.expected) + _EXTRA_TOKENS if item.expected else _QUESTION_TOKENS for item, _ in prompts]
        before = self.examinee.answers([ids for _, ids in prompts], most, base=True, until=self.clock.until(0.4))
        after = self.examinee.answers([ids for _, ids in prompts], most, until=self.clock.until(0.5))
        items = []
        for (item, _), first, last in zip(prompts, before, after, strict=True):
            if first is not None and last is not None:
                one, other = self._shown(first) or "", self._shown(last) or ""
                key = keys.key(item.expected, item.question) if item.expected else None
                right = {"base_right": key.fits(one), "right": key.fits(other)} if key else {"base_right": None, "right": None}
                exact = bool(item.expected) and other == item.expected.strip()
                items.append(_item("question", item.question, item.expected, one, other, exact) | right)
        return items

    def _wordings(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Questions of the set in words that no training uses."""
        dataset = self.subject.dataset
        assert dataset is not None
        if self.subject.style:
            return []
        taught = itertools.chain.from_iterable(wordings_in(dataset.conversations).values())
        asked = [
            (wording, ids)
            for wording in wordings_of(rows, dataset.held_out_conversations, taught)
            if (ids := self._prompt(wording.row, wording.row.asked(wording.question)))
        ]
        most = [self._room(wording.row) for wording, _ in asked]
        replies = self.examinee.answers([ids for _, ids in asked], most, until=self.clock.until(0.35))
        return [
            {
                "question": wording.question,
                "expected": _cut(wording.row.expected),
                "after": _cut(reply),
                "right": wording.row.key.fits(reply),
                "own": wording.own,
            }
            for (wording, _), ids in zip(asked, replies, strict=True)
            if (reply := self._shown(ids)) is not None
        ]

    def _losses(self, rows: Sequence[Row]) -> tuple[dict[str, Any] | None, Fall | None]:
        """The loss before and after on held-out rows, else on trained ones; only where the set teaches a manner."""
        dataset = self.subject.dataset
        if not self.subject.style or dataset is None:
            return None, None
        held = dataset.held_out_conversations, dataset.held_out.rows
        held_out = spread([*sampled_rows(*held)[0], *texts_of(*held)])
        rows = held_out or spread([*rows, *texts_of(dataset.conversations, dataset.train.rows)], _MOST_LOSSES)
        few, others = rows[:_FEWEST_LOSSES], rows[_FEWEST_LOSSES:]
        before = self._read(few, base=True, until=math.inf) | self._read(others, base=True, until=self.clock.until(0.4))
        after = self._read(few, base=False, until=math.inf) | self._read(others, base=False, until=self.clock.until(0.6))
        pairs = [(_mean(before[number]), _mean(after[number])) for number in before if number in after]
        if not pairs:
            return None, None
        bounds = mean_of([last - first for first, last in pairs]) or (None, None)
        fall = Fall(statistics.fmean(first for first, _ in pairs), statistics.fmean(last for _, last in pairs), *bounds)
        if not held_out:
            return None, fall
        shown = {"rows": len(pairs), "loss_before": round(fall.before, 4), "loss_after": round(fall.after, 4)}
        return shown | {"low": _rounded(fall.low), "high": _rounded(fall.high)}, fall

    def _earlier(self) -> list[dict[str, Any]]:
        """The person's earlier datasets: how many of their rows the base knows, and how many the adapter."""
        found = []
        datasets = self.subject.earlier[:_MOST_EARLIER]
        share = 0.25 / len(datasets)
        for earlier in datasets:
            conversations = spread(earlier.conversations, _EARLIER_ROWS)
            trained = tokenize(self.examinee.tokenizer, self.examinee.form, conversations, self.subject.max_length).rows
            rows = rows_of(conversations, trained)
            after = self._read(rows, base=False, until=self.clock.until(share))
            before = self._read(rows, base=True, until=self.clock.until(share))
            both = [number for number in before if number in after]
            if both:
                counts = [sum(all(reading.known for reading in read[number]) for number in both) for read in (before, after)]
                found.append({"dataset_id": earlier.dataset_id, "known_before": counts[0], "known_after": counts[1], "of": len(both)})
        return found

    def _noise(self, rows: Sequence[Row], known: dict[int, bool]) -> float:
        """The share of rows that a second reading in other batches judges otherwise."""
        again = self._read([row for row in rows if row.number in known][:_NOISE_ROWS][::-1], base=False, until=self.clock.until(0.9))
        other = [all(reading.known for reading in readings) != known[number] for number, readings in again.items()]
        return round(sum(other) / len(other), 4) if other else 0.0

    # -- helpers

    def _base_answers(self) -> general.BaseAnswers:
        placement, subject = self.examinee.adapted.placement, self.subject
        precision = f"{placement.precision}-{subject.lesson.parameters.get('quantization') or 'none'}"
        return general.BaseAnswers(subject.cache, subject.fingerprint, self.examinee.form.template, precision)

    def _room(self, row: Row) -> int:
        """The tokens that the answer may have, with the thought before it."""
        thought = row.thinking if self.examinee.form.thoughts else ""
        return self.examinee.length(thought + row.expected) + _EXTRA_TOKENS

    def _prompt(self, row: Row, messages: list[Turn]) -> list[int] | None:
        """What asks a row, in its own words or others, as it was trained: with a thought first where it has one."""
        return self.examinee.prompt(messages, thinking=bool(row.thinking))

    def _shown(self, ids: list[int] | None) -> str | None:
        return None if ids is None else self.examinee.text(ids)


def _item(kind: str, question: str, expected: str, before: str, after: str, known: bool) -> dict[str, Any]:
    texts = {"question": question, "expected": expected, "before": before, "after": after}
    return {"kind": kind, **{name: _cut(text) for name, text in texts.items()}, "known": known}


def _earlier_turns(row: Row) -> dict[str, Any]:
    """What was said before the question, without which one cannot judge the answer."""
    turns = row.earlier[-_MOST_TURNS:]
    shown = [{"role": turn["role"], "content": _cut(turn["content"] or turn.get("calls", ""), _LONGEST_TURN)} for turn in turns]
    return {"turns": shown} if shown else {}


def _judged(row: Row, before: str, after: str) -> dict[str, bool]:
    return {"base_right": row.key.fits(before), "right": row.key.fits(after)}


def _worst_first(item: dict[str, Any]) -> tuple[bool, bool]:
    return item["known"], item["right"] is not False


def _rephrased(wordings: Sequence[dict[str, Any]]) -> dict[str, int] | None:
    return {"right": sum(item["right"] for item in wordings), "of": len(wordings)} if wordings else None


def _general(result: dict[str, Any] | None) -> General | None:
    return General(result["right_before"], result["right_after"], result["of"], result["low"], result["high"]) if result else None


def _preferred(result: dict[str, Any] | None) -> Preferred | None:
    if result is None:
        return None
    train, held_out = result["train"], result["held_out"]
    held = (held_out["moved"], held_out["of"]) if held_out else None
    lessons = Count(result["known_before"], result["known_of"]), Count(result["known_after"], result["known_of"])
    return Preferred(result["kind"], train["moved"], train["of"], held, *lessons, before_share=train.get("before", 0.5))


def _mean(readings: Sequence[Reading]) -> float:
    return statistics.fmean(reading.loss for reading in readings)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _cut(text: str, most: int = _LONGEST_TEXT) -> str:
    text = text.strip()
    return text if len(text) <= most else f"{text[:most]}…"
