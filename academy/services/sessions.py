"""The verbs of sessions of coding agents and local chat programs: find them on this machine, review them, take them as lessons."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field

from academy.bases import Places, find_base, template_of
from academy.config import Settings
from academy.curation.files import agent_finding
from academy.curation.files.agent_finding import Transcript
from academy.curation.files.agents import TITLES, read
from academy.curation.files.definitions import definitions_of, is_short, offered
from academy.curation.files.exchanges import CHARS_PER_TOKEN, Exchange, Fate, conversations, within, without_tools
from academy.curation.files.extras import read_time
from academy.curation.files.records import keep
from academy.curation.files.values import RowError
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import LessonIn
from academy.curation.redaction.together import redact_together, secrets_in
from academy.errors import AcademyError, Forbidden, Invalid, NotFound
from academy.files import Name
from academy.services.permission import Permission, changing, reading

_MOST_READ = 12
"""So many sessions are held while they are reviewed."""


class SessionOptions(BaseModel):
    """How exchanges become rows."""

    model_config = ConfigDict(extra="forbid")

    tools: bool | None = Field(
        default=None,
        description="With the calls of tools and their results, or the question and the last answer alone; "
        "by default as the default base model has a form for tools.",
    )
    tokens: int = Field(default=2048, ge=256, le=32768, description="The length of a row; a longer exchange is left out whole.")


class SessionChoice(BaseModel):
    """A session to take, and the exchanges about which a person decided otherwise than proposed."""

    model_config = ConfigDict(extra="forbid")

    id: Name
    accept: list[int] = Field(default=[], max_length=100_000, description="Exchanges to take that are not proposed.")
    leave_out: list[int] = Field(default=[], max_length=100_000, description="Proposed exchanges to leave out.")


@dataclass(frozen=True)
class Review:
    """The exchanges of a session without secrets; `secrets` counts those taken out of each, by kind. `tools`: the definitions, as JSON."""

    session: Transcript
    exchanges: tuple[Exchange, ...]
    secrets: tuple[Counter[str], ...]
    skipped: Counter[str]
    tools: str = "[]"

    @property
    def proposed(self) -> set[int]:
        """The numbers of the exchanges that are proposed."""
        return {exchange.number for exchange in self.exchanges if exchange.fate == "taken"}

    @property
    def left_out(self) -> Counter[Fate]:
        """How many exchanges are not proposed, by reason."""
        return Counter(exchange.fate for exchange in self.exchanges if exchange.fate != "taken")

    @property
    def redacted(self) -> Counter[str]:
        """How many secrets were taken out, by kind."""
        return sum(self.secrets, Counter())


@dataclass(frozen=True)
class TakenSessions:
    """What became of the exchanges that were taken."""

    exchanges: int = 0
    rows: int = 0
    new: int = 0
    already_there: int = 0
    import_id: str = ""
    left_out: int = 0
    refused: int = 0
    redacted_kinds: dict[str, int] | None = None


class Sessions:
    """Everything that can be done with the sessions of other programs; they are looked for only on request, and never changed."""

    def __init__(self, permission: Permission, settings: Settings, lessons: LessonStore) -> None:
        self._permission = permission
        self._settings = settings
        self._lessons = lessons
        self._found: dict[str, Transcript] = {}
        self._read: dict[tuple[str, int, int], Review] = {}

    # Finding and reviewing read files outside of the data folder: a demonstration refuses it.

    @changing
    def find(self) -> Sequence[Transcript]:
        """Looks for sessions in the homes that the settings allow; raises Forbidden where there is none."""
        if not self._settings.session_homes:
            raise Forbidden(
                "Others can log in here, so sessions are not looked for.",
                hint="Name the folders to look in: ACADEMY_SESSION_FOLDERS=~",
            )
        found = [session for home in self._settings.session_homes for session in agent_finding.find(home)]
        self._found = {session.id: session for session in found}
        return [*self._found.values()]

    @changing
    def found(self) -> Sequence[Transcript]:
        """The sessions that were found last, without another look at the disk."""
        return [*self._found.values()]

    @changing
    def review(self, session_id: str, options: SessionOptions | None = None) -> Review:
        """The exchanges of a session that was found, each with what becomes of it; raises NotFound."""
        options = options or SessionOptions()
        whole = self._whole(session_id)
        has_tools = self.takes_tools() if options.tools is None else options.tools
        exchanges = whole.exchanges if has_tools else tuple(map(without_tools, whole.exchanges))
        tokens = _room(whole, options) if has_tools else options.tokens
        shown = tuple(within(exchange, tokens) for exchange in exchanges)
        if has_tools:
            return replace(whole, exchanges=shown)
        return replace(whole, exchanges=shown, secrets=tuple(secrets_in(exchange.turns) for exchange in shown), tools="[]")

    @changing
    def take(self, choices: Sequence[SessionChoice], options: SessionOptions | None = None) -> TakenSessions:
        """Stores the chosen exchanges of sessions as lessons, in one import that can be undone."""
        options = options or SessionOptions()
        if not choices:
            raise Invalid("No session is chosen.", hint="Name at least one.")
        reviews = [(self.review(choice.id, options), choice) for choice in {choice.id: choice for choice in choices}.values()]
        chosen = [(review, chosen_of(review, choice)) for review, choice in reviews]
        refused: list[int] = []
        lessons = (lesson for review, numbers in chosen for lesson in _lessons(review, numbers, options, refused))
        redacted: Counter[str] = sum((_taken_secrets(review, numbers) for review, numbers in chosen), Counter())
        new, known, name = self._lessons.add_import(lessons, redacted=redacted, name=_name([review.session for review, _ in chosen]))
        count = sum(len(numbers) for _, numbers in chosen)
        return TakenSessions(
            exchanges=count,
            rows=new + known,
            new=new,
            already_there=known,
            import_id=name,
            left_out=sum(len(review.exchanges) for review, _ in chosen) - count,
            refused=len(refused),
            redacted_kinds=dict(redacted),
        )

    @reading
    def takes_tools(self) -> bool:
        """Whether the default base model has a form for tools, as far as its template says so; others skip rows with tools."""
        with contextlib.suppress(AcademyError):
            base = find_base(self._settings.default_base_model, Places.of(self._settings))
            return base.path is not None and "tool_calls" in template_of(base.path)
        return False

    # ------------------------------------------------------------------

    def _whole(self, session_id: str) -> Review:
        """A session as it is now, without secrets."""
        session = self._found.get(session_id)
        if session is None:
            raise NotFound("There is no session {id!r}.", hint="Search for sessions again.", id=session_id[:80])
        try:
            state = session.path.lstat()
            key = session.id, state.st_mtime_ns, state.st_size
            if key not in self._read:
                found = read(session.agent, session.path, session.key)
                exchanges = found.done()
                clean = redact_together(exchange.turns for exchange in exchanges)
                redacted = tuple(replace(exchange, turns=turns) for exchange, (turns, _) in zip(exchanges, clean, strict=True))
                while len(self._read) >= _MOST_READ:
                    self._read.pop(next(iter(self._read)), None)
                tools = json.dumps(definitions_of(turn for exchange in redacted for turn in exchange.turns), ensure_ascii=False)
                self._read[key] = Review(session, redacted, tuple(kinds for _, kinds in clean), +found.skipped, tools)
            return self._read[key]
        except (OSError, RowError) as error:
            why = error.strerror or str(error) if isinstance(error, OSError) else error.reason
            raise Invalid("The session {title!r} cannot be read: {why}.", hint="Search again.", title=session.title, why=why) from error


def chosen_of(review: Review, choice: SessionChoice) -> set[int]:
    """The numbers of the exchanges that are taken; one that is not whole or too long cannot be."""
    possible = {exchange.number for exchange in review.exchanges if can_be_taken(exchange)}
    return (review.proposed - set(choice.leave_out)) | (possible & set(choice.accept))


def can_be_taken(exchange: Exchange) -> bool:
    """Whether a person may take an exchange against the proposal."""
    return exchange.is_whole and exchange.fate != "long"


def _lessons(review: Review, numbers: set[int], options: SessionOptions, refused: list[int]) -> Iterator[LessonIn]:
    session = review.session
    # Without the title: it can be a question that the person left out.
    about = {"source": TITLES[session.agent], "project": session.project, "conversation_id": session.id}
    for exchange, said in conversations(review.exchanges, numbers, _room(review, options)):
        turns = (*offered(review.tools, said, options.tokens * CHARS_PER_TOKEN), *said)
        time = read_time(exchange.time or session.changed_at)
        try:
            kept = keep(exchange.number, turns, time=time, metadata={name: text for name, text in about.items() if text})
        except RowError:
            refused.append(exchange.number)
            continue
        if kept.lesson is not None:
            yield kept.lesson


def _room(review: Review, options: SessionOptions) -> int:
    """The tokens of a row that its tools leave."""
    room = options.tokens * CHARS_PER_TOKEN
    return options.tokens - (len(review.tools) // CHARS_PER_TOKEN if is_short(review.tools, room) else 0)


def _taken_secrets(review: Review, numbers: set[int]) -> Counter[str]:
    return sum((kinds for exchange, kinds in zip(review.exchanges, review.secrets, strict=True) if exchange.number in numbers), Counter())


def _name(sessions: Sequence[Transcript]) -> str:
    """What an import is called."""
    first = sessions[0]
    folder = first.project.replace("\\", "/").rstrip("/").rpartition("/")[2][:60]
    name = f"{TITLES[first.agent]} · {folder}" if folder else TITLES[first.agent]
    return name if len(sessions) == 1 else f"{name} + {len(sessions) - 1}"
