"""Content negotiation: media types, encodings and languages with their weights (RFC 9110 12).

Fields are cut at 8 KB and at fifty entries, so that a long one costs little; a
weight that is none counts as zero. Nothing here decides what an answer is: who
offers also says what to do when nothing offered is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["accepted_encodings", "accepted_language", "best"]

_MOST = 50
_WEIGHT = re.compile(r"(?:0?\.[0-9]{1,3}|0\.?|1(?:\.0{0,3})?)\Z")


def _weighted(header: str) -> list[tuple[str, float]]:
    entries = []
    for part in header[:8192].split(",", _MOST)[:_MOST]:
        named, *parameters = part.split(";", 8)
        named = named.strip().lower()
        if not named:
            continue
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                weight = _weight(value.strip())
        entries.append((named, weight))
    return entries


def _weight(text: str) -> float:
    return float(text) if _WEIGHT.match(text) else 0.0


def best(header: str | None, offers: Sequence[str]) -> str | None:
    """Give the offered media type that the client likes most; None when it accepts none.

    Offers are in lower case and without parameters. No field at all accepts
    anything: the first offer. Among equals the more exactly named wins, then the
    earlier offer.
    """
    entries = _weighted(header) if header else []
    if not entries:
        return offers[0] if offers else None
    chosen: tuple[float, int, int] | None = None
    answer = None
    for position, offer in enumerate(offers):
        kind = offer.partition("/")[0] + "/*"
        exactness, weight = -1, 0.0
        for named, given in entries:
            level = 2 if named == offer else 1 if named == kind else 0 if named == "*/*" else -1
            if level > exactness:
                exactness, weight = level, given
        if weight > 0 and (chosen is None or (weight, exactness, -position) > chosen):
            chosen, answer = (weight, exactness, -position), offer
    return answer


def accepted_encodings(header: str | None, offers: Iterable[str]) -> list[str]:
    """Give the offered content codings that the client accepts, its favourites first, ours among equals.

    `identity` is never among them; an empty list means: send it as it is.
    """
    if not header:
        return []
    weights = dict(_weighted(header))
    anything = weights.get("*", 0.0)
    rated = [(weights.get(offer, anything), offer) for offer in offers]
    identity = weights.get("identity", 0.0)
    return [
        offer
        for weight, offer in sorted(rated, key=lambda pair: -pair[0])
        if weight > 0 and weight >= identity
    ]


def accepted_language(header: str | None, supported: Sequence[str], default: str) -> str:
    """Give the supported language that the client likes most, spelled as in `supported`.

    A tag is shortened from its end until it is supported (RFC 4647 3.4); after
    that a language counts that shares its primary subtag: `de-AT` finds `de-DE`.
    """
    if not header:
        return default
    spelled = {language.lower().replace("_", "-"): language for language in supported}
    for tag, weight in sorted(_weighted(header), key=lambda pair: -pair[1]):
        if weight <= 0:
            continue
        if tag == "*":
            return default
        # Why eight: no tag in use has more subtags, and each round looks at the whole tag.
        shorter = tag[:64]
        for _ in range(8):
            if shorter in spelled:
                return spelled[shorter]
            shorter = shorter.rpartition("-")[0]
        primary = tag.partition("-")[0]
        near = next((spelled[known] for known in spelled if known.partition("-")[0] == primary), None)
        if near is not None:
            return near
    return default
