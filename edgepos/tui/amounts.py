"""An amount as it was typed, in minor units, or the refusal with both readings where there are two."""

from __future__ import annotations

from edgepos.client.errors import AgentError


def read_amount(text: str, currency: str, *, most_minor: int | None = None) -> int:
    """Raises AgentError: `amount-form`, `amount-ambiguous`, `amount-too-large` (also above *most_minor*)."""
    from edgepos.client.values import Wrong, parse_amount

    try:
        minor = parse_amount(text, currency).minor
    except Wrong as wrong:
        raise AgentError.of(wrong.code, **wrong.facts) from None
    if most_minor is not None and minor > most_minor:
        raise AgentError.of("amount-too-large", max_minor=most_minor, currency=currency)
    return minor
