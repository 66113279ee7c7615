"""Which adapter wins more votes: intervals that hold at every look for every pair, and one Bradley–Terry fit over all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

ERROR = 0.05
"""The chance that any interval of a ranking is ever wrong."""

MOST_NEEDED = 200
"""More votes than that are no estimate but "no winner in sight"."""

_BETS = tuple((step + 0.5) / 20 for step in range(20))  # a uniform mixture over the shares that a bet can expect
_LOG_BETS = tuple((math.log(bet), math.log(1 - bet)) for bet in _BETS)
_EDGE = 1e-9
_HALVINGS = 22
_ROUNDS = 2000

Tallies = Mapping[tuple[str, str], "Tally"]
"""The votes of each pair, under either order of its names."""


@dataclass(frozen=True)
class Tally:
    """The votes of the first of a pair against the second; fractions stand for expected votes."""

    wins: float = 0
    ties: float = 0
    losses: float = 0

    @property
    def votes(self) -> float:
        """How many there are."""
        return self.wins + self.ties + self.losses

    @property
    def share(self) -> float:
        """The first's share of the votes, a tie as half a win; a half without votes."""
        return (self.wins + self.ties / 2) / self.votes if self.votes else 0.5

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.wins + other.wins, self.ties + other.ties, self.losses + other.losses)

    def __mul__(self, times: float) -> Tally:
        return Tally(self.wins * times, self.ties * times, self.losses * times)

    def turned(self) -> Tally:
        """The same votes, seen from the second."""
        return Tally(self.losses, self.ties, self.wins)


@dataclass(frozen=True)
class Pair:
    """A pair with its votes and the interval of the first's share against the second."""

    first: str
    second: str
    tally: Tally
    low: float
    high: float

    @property
    def decided(self) -> bool:
        """Whether one of them is better."""
        return self.low > 0.5 or self.high < 0.5


@dataclass(frozen=True)
class Rating:
    """The share of votes that an adapter would win against the others of the ranking, with its interval; `tally` are its own votes."""

    name: str
    share: float
    low: float
    high: float
    tally: Tally


@dataclass(frozen=True)
class Ranking:
    """Ratings, best first; `best` is named only when it beats every other.

    `needed`: about how many more votes name it; None where no winner is in sight.
    """

    ratings: Sequence[Rating]
    pairs: Sequence[Pair]
    best: str | None
    needed: int | None

    @property
    def votes(self) -> int:
        """All votes of the ranking."""
        return round(sum(pair.tally.votes for pair in self.pairs))


def log_capital(tally: Tally, share: float) -> float:
    """The log of what a bettor with capital 1 has, who bets at fair odds against "the first's share of the votes is `share`".

    A fixed mixture of bets, each of which expects another share, so that the capital is a non-negative martingale under the hypothesis
    whatever the order of the votes and whenever somebody looks, and exceeds 1/error with at most the chance `error` (Ville). A tie pays
    the mean of a win and a loss. After Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (JRSS B, 2024).
    """
    log_share, log_rest = math.log(share), math.log1p(-share)
    logs = []
    for bet, (log_bet, log_against) in zip(_BETS, _LOG_BETS, strict=True):
        log = tally.wins * (log_bet - log_share) + tally.losses * (log_against - log_rest)
        if tally.ties:
            log += tally.ties * math.log((bet / share + (1 - bet) / (1 - share)) / 2)
        logs.append(log)
    most = max(logs)
    return most + math.log(sum(math.exp(log - most) for log in logs) / len(logs))


@lru_cache(maxsize=4096)
def interval(tally: Tally, error: float) -> tuple[float, float]:
    """The confidence sequence of the first's share: all shares against which no bettor has won 1/error by now.

    It holds after every vote at once. The log of the capital is convex in the share and at most 0 at the share so far.
    """
    if not tally.votes:
        return 0.0, 1.0
    level, centre = -math.log(error), min(1 - _EDGE, max(_EDGE, tally.share))

    def edge(outside: float, limit: float) -> float:
        if log_capital(tally, outside) < level:
            return limit
        inside = centre
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if log_capital(tally, middle) < level else (inside, middle)
        return outside

    return edge(_EDGE, 0.0), edge(1 - _EDGE, 1.0)


def strengths(names: Sequence[str], tallies: Tallies) -> dict[str, float]:
    """The log strengths of a Bradley–Terry fit, ties as half a win; each name also has a tie against a fixed strength of 0.

    That regularises: few votes give finite strengths, and names that never met stay comparable. By the MM algorithm of Hunter (2004).
    """
    points = dict.fromkeys(names, 0.5)
    met: dict[str, list[tuple[str, float]]] = {name: [] for name in names}
    for first, second in itertools.combinations(names, 2):
        tally = _between(tallies, first, second)
        if tally.votes:
            points[first] += tally.votes * tally.share
            points[second] += tally.votes * (1 - tally.share)
            met[first].append((second, tally.votes))
            met[second].append((first, tally.votes))
    strength = dict.fromkeys(names, 1.0)
    for _ in range(_ROUNDS):
        before = dict(strength)
        for name in names:
            against = sum(votes / (strength[name] + strength[other]) for other, votes in met[name])
            strength[name] = points[name] / (against + 1 / (strength[name] + 1))
        if all(abs(strength[name] - before[name]) <= 1e-9 * before[name] for name in names):
            break
    return {name: math.log(value) for name, value in strength.items()}


def rank(names: Sequence[str], tallies: Tallies, error: float = ERROR) -> Ranking:
    """The ranking of these names by the votes between them; all of its intervals hold together, after every vote, but for `error`.

    Each pair gets its part of the error (Bonferroni). Under the model strengths add up, so the bounds of a pair are tightened by those
    over any third name; where the votes contradict such a ladder, they are left as they are.
    """
    fit = strengths(names, tallies)
    each = error / _pairs(len(names))
    bounds = _bounds(names, tallies, each)
    pairs = []
    for first, second in itertools.combinations(names, 2):
        low, high = _share(-bounds[second, first]), _share(bounds[first, second])
        pairs.append(Pair(first, second, _between(tallies, first, second), low, high))
    ratings = sorted((_rating(name, names, fit, bounds, tallies) for name in names), key=lambda item: -item.share)
    beaten = {name: [other for other in names if other != name and bounds[other, name] < 0] for name in names}
    best = next((item.name for item in ratings if len(names) > 1 and len(beaten[item.name]) == len(names) - 1), None)
    needed = 0 if best else _needed(ratings, beaten, fit, tallies, each)
    return Ranking(tuple(ratings), tuple(pairs), best, needed)


def uncertain(ranking: Ranking, last: Collection[str] = ()) -> list[Pair]:
    """The pairs in the order in which a vote would tell most: undecided ones first, then by the width of their interval.

    Of pairs about which as little is known, those with a name in `last` come last.
    """

    def key(pair: Pair) -> tuple[bool, float, float, bool]:
        return pair.decided, round(pair.low - pair.high, 3), pair.tally.votes, pair.first in last or pair.second in last

    return sorted(ranking.pairs, key=key)


def fewest(names: int, error: float = ERROR) -> int:
    """The fewest votes that can name the better one of a pair among so many names: all of them are for it."""
    return _more(Tally(), Tally(wins=1), error / _pairs(names)) or MOST_NEEDED


def connected(start: Iterable[str], tallies: Tallies) -> set[str]:
    """All names that are linked by votes to these."""
    found = set(start)
    size = -1
    while size != len(found):
        size = len(found)
        for pair in tallies:
            if found & set(pair):
                found |= set(pair)
    return found


def _pairs(names: int) -> int:
    return max(1, names * (names - 1) // 2)


def _between(tallies: Tallies, first: str, second: str) -> Tally:
    turned = tallies.get((second, first))
    return tallies.get((first, second), Tally()) + (turned.turned() if turned else Tally())


def _bounds(names: Sequence[str], tallies: Tallies, error: float) -> dict[tuple[str, str], float]:
    """For each two names the most by which the first's log strength exceeds the second's."""
    direct = {(name, name): 0.0 for name in names}
    for first, second in itertools.combinations(names, 2):
        low, high = interval(_between(tallies, first, second), error)
        direct[first, second], direct[second, first] = _odds(high), -_odds(low)
    tight = dict(direct)
    for over, first, second in itertools.product(names, repeat=3):
        tight[first, second] = min(tight[first, second], tight[first, over] + tight[over, second])
    return direct if any(tight[name, name] < 0 for name in names) else tight


def _rating(name: str, names: Sequence[str], fit: Mapping[str, float], bounds: Mapping[tuple[str, str], float], tallies: Tallies) -> Rating:
    others = [other for other in names if other != name]
    count = max(1, len(others))
    share = sum(_share(fit[name] - fit[other]) for other in others) / count if others else 0.5
    low = sum(_share(-bounds[other, name]) for other in others) / count
    high = sum(_share(bounds[name, other]) for other in others) / count if others else 1.0
    tally = sum((_between(tallies, name, other) for other in others), Tally())
    # Votes that no ladder explains may put the fit beside the interval, which then reaches to it.
    return Rating(name, share, min(low, share), max(high, share), tally)


def _needed(
    ratings: Sequence[Rating], beaten: Mapping[str, Sequence[str]], fit: Mapping[str, float], tallies: Tallies, error: float
) -> int | None:
    """About how many more votes the leader needs to be named, if they go on as they have gone."""
    if not any(item.tally.votes for item in ratings):
        return fewest(len(ratings))
    leader, total = ratings[0].name, 0
    for rival in ratings[1:]:
        if rival.name in beaten[leader]:
            continue
        tally = _between(tallies, leader, rival.name)
        chance = _share(fit[leader] - fit[rival.name])
        rate = tally * (1 / tally.votes) if tally.votes else Tally(wins=chance, losses=1 - chance)
        more = _more(tally, rate, error) if rate.share > 0.5 else None
        if more is None:
            return None
        total += more
    return total if total <= MOST_NEEDED else None


def _more(tally: Tally, rate: Tally, error: float) -> int | None:
    """The fewest further votes at this rate with which the pair is decided; None for more than MOST_NEEDED."""
    level = -math.log(error)

    def enough(votes: int) -> bool:
        return log_capital(tally + rate * votes, 0.5) >= level

    if not enough(MOST_NEEDED):
        return None
    short, long = 0, MOST_NEEDED
    while long - short > 1:
        middle = (short + long) // 2
        short, long = (short, middle) if enough(middle) else (middle, long)
    return long


def _odds(share: float) -> float:
    if share <= 0 or share >= 1:
        return math.inf if share >= 1 else -math.inf
    return math.log(share / (1 - share))


def _share(odds: float) -> float:
    if abs(odds) > 700:
        return float(odds > 0)
    return 1 / (1 + math.exp(-odds))
