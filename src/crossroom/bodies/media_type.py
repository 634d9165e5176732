"""Media types as an SDP lists them: `accept-types` entries against the type of a content (RFC 4975 §8.6)."""

from collections.abc import Iterable


def essence(media_type: str) -> str:
    """`type/subtype` in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def accepts(media_type: str, entries: Iterable[str]) -> bool:
    """True if an entry admits this type: itself, `type/*` or `*`; parameters on either side do not count."""
    wanted = essence(media_type)
    kind = wanted.partition("/")[0]
    patterns = {wanted, f"{kind}/*", "*", "*/*"}  # `*/*` is no format of RFC 4975, and is meant as `*`
    return any(essence(entry) in patterns for entry in entries)
