"""What a ranking says in a sentence; a number never comes without its interval."""

from __future__ import annotations

from collections.abc import Mapping

from academy.arena.ratings import Ranking, fewest
from academy.messages import Message, Text, count, msg


def sentence(ranking: Ranking, names: Mapping[str, Text]) -> Message:
    """Who is better, or how far the votes are from saying so; `names` are those that a person gave."""
    if not ranking.votes:
        return msg("No votes yet. At least {n} are needed to tell two adapters apart.", n=fewest(max(2, len(names))))
    leader = ranking.ratings[0]
    values = {"name": names[leader.name], "share": leader.share, "low": leader.low, "high": leader.high}
    if ranking.best and len(ranking.ratings) == 2:
        return msg(
            "{name} is better than {other}: it wins {share:percent} of the votes ({low:percent} to {high:percent}).",
            other=names[ranking.ratings[1].name],
            **values,
        )
    if ranking.best:
        return msg(
            "{name} is the best of {n}: it wins {share:percent} of the votes ({low:percent} to {high:percent}).",
            n=len(ranking.ratings),
            **values,
        )
    if ranking.needed is None:
        return count(
            ranking.votes,
            one="Not enough votes yet: no winner in sight after one.",
            other="Not enough votes yet: no winner in sight after {n}. {name} has {share:percent} ({low:percent} to {high:percent}).",
            **values,
        )
    return count(
        ranking.needed,
        one="Not enough votes yet, about one more. {name} has {share:percent} ({low:percent} to {high:percent}).",
        other="Not enough votes yet, about {n} more. {name} has {share:percent} ({low:percent} to {high:percent}).",
        **values,
    )
