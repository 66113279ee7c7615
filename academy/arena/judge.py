"""A judge: any OpenAI-compatible model that is asked which of two answers is better, in both orders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import httpx

from academy.arena.journal import Duel, Winner
from academy.errors import Unavailable

_SECONDS = 120
_ORDER = "Reply with one digit and nothing else: 1 if Answer 1 is better, 2 if Answer 2 is better, 0 if they are equally good."
_CHOICE = re.compile(r"\W*(?:the )?(?:better )?(?:answer |option )?(?:is )?\W*([012])\b", re.IGNORECASE)
_HINT = "Look at ACADEMY_JUDGE_URL, ACADEMY_JUDGE_MODEL and ACADEMY_JUDGE_KEY, and at the server's own log."


@dataclass(frozen=True)
class Judge:
    """The endpoint, the model and the key of a judge; `url` ends in /v1 or in /chat/completions."""

    url: str
    model: str
    key: str = ""

    def winner(self, duel: Duel) -> Winner:
        """The better side in both orders of the answers; a judge that changes its mind with the order sees a tie. Raises Unavailable."""
        first = self._ask(duel, duel.a.text, duel.b.text)
        second = self._ask(duel, duel.b.text, duel.a.text)
        if (first, second) == ("1", "2"):
            return "a"
        return "b" if (first, second) == ("2", "1") else "tie"

    def _ask(self, duel: Duel, first: str, second: str) -> Literal["0", "1", "2"]:
        address = self.url.rstrip("/")
        address += "" if address.endswith("/chat/completions") else "/chat/completions"
        body = {"model": self.model, "messages": [{"role": "user", "content": _prompt(duel, first, second)}], "temperature": 0}
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            answer = httpx.post(address, json=body, headers=headers, timeout=_SECONDS)
            answer.raise_for_status()
            text = str(answer.json()["choices"][0]["message"]["content"])
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise Unavailable("The judge at {url} answers with {status}.", hint=_HINT, url=address, status=status) from error
        except httpx.HTTPError as error:
            raise Unavailable("The judge at {url} cannot be reached: {error}.", hint=_HINT, url=address, error=error) from error
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise Unavailable("The judge at {url} does not answer as a chat completion.", hint=_HINT, url=address) from error
        return _choice(text)


def _choice(text: str) -> Literal["0", "1", "2"]:
    match = _CHOICE.match(text)
    if match is None:
        raise Unavailable(
            "The judge answers {text!r} instead of 1, 2 or 0.", hint="Choose a model that follows instructions.", text=text[:80]
        )
    choices: dict[str, Literal["0", "1", "2"]] = {"0": "0", "1": "1", "2": "2"}
    return choices[match[1]]


def _prompt(duel: Duel, first: str, second: str) -> str:
    wanted = f"\n\nThe answer that is wanted:\n{duel.expected}" if duel.expected else ""
    return f"Question:\n{duel.question}{wanted}\n\nAnswer 1:\n{first}\n\nAnswer 2:\n{second}\n\nWhich answer is better? {_ORDER}"
