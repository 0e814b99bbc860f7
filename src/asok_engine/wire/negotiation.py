"""Content negotiation: media types, encodings and languages with their weights (RFC 9110 12).

Fields are cut at a bounded number of entries, so that a long one costs little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["accepted_encodings", "accepted_language", "best"]

_MOST = 50


def _weighted(header: str) -> list[tuple[str, float]]:
    entries = []
    for part in header[:8192].split(",", _MOST)[:_MOST]:
        token, *parameters = part.split(";", 8)
        token = token.strip().lower()
        if not token:
            continue
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                weight = _weight(value.strip())
        entries.append((token, weight))
    return entries


def _weight(text: str) -> float:
    try:
        weight = float(text) if len(text) <= 6 and text.replace(".", "", 1).isdigit() and text.isascii() else 0.0
    except ValueError:
        return 0.0
    return weight if weight <= 1.0 else 0.0


def best(header: str | None, offers: Sequence[str]) -> str | None:
    """Give the offered media type that the client likes most; None when it accepts none.

    No field at all accepts anything: the first offer. Among equals the more
    exactly named wins, then the earlier offer.
    """
    if not header or not header.strip():
        return offers[0] if offers else None
    entries = _weighted(header)
    chosen: tuple[float, int, int] | None = None
    answer = None
    for position, offer in enumerate(offers):
        kind = offer.partition("/")[0] + "/*"
        exactness, weight = -1, 0.0
        for token, given in entries:
            level = 2 if token == offer else 1 if token == kind else 0 if token == "*/*" else -1
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
    return [offer for weight, offer in sorted(rated, key=lambda pair: -pair[0]) if weight > 0 and weight >= identity]


def accepted_language(header: str | None, supported: Sequence[str], default: str) -> str:
    """Give the supported language that the client likes most; exact tags first, then the primary subtag."""
    if not header:
        return default
    spelled = {language.lower().replace("_", "-"): language for language in supported}
    for token, weight in sorted(_weighted(header), key=lambda pair: -pair[1]):
        if weight <= 0:
            continue
        if token == "*":
            return default
        if token in spelled:
            return spelled[token]
        primary = token.partition("-")[0]
        if primary in spelled:
            return spelled[primary]
        near = next((spelled[tag] for tag in spelled if tag.partition("-")[0] == primary), None)
        if near is not None:
            return near
    return default
