"""STUN keepalives on the UDP port of SIP: a Binding request gets the address that it came from. RFC 5626 §4.4.2, §8; RFC 8489.

User agents that registered a flow over UDP ask so whether it still works, and whether their NAT gave them another
address. No authentication, and nothing but Binding.
"""

import struct
from collections.abc import Iterator
from ipaddress import ip_address

_HEADER = struct.Struct(">HHI12s")  # type, length, magic cookie, transaction id
_ATTRIBUTE = struct.Struct(">HH")  # type, length; padded to four octets
_COOKIE = 0x2112A442
_BINDING, _SUCCESS, _ERROR = 0x0001, 0x0101, 0x0111
_XOR_MAPPED_ADDRESS, _ERROR_CODE, _UNKNOWN_ATTRIBUTES = 0x0020, 0x0009, 0x000A
_OPTIONAL = 0x8000
"""RFC 8489 §14: attributes from here on may be passed over."""


def answer_binding(datagram: bytes, source: tuple[str, int]) -> bytes | None:
    """The answer to a Binding request from this numeric host and port; None when the datagram is none."""
    if len(datagram) < _HEADER.size:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(datagram)
    # RFC 8489 §5: SIP never begins with an octet below 0x20, and the cookie tells STUN from anything else
    if kind != _BINDING or cookie != _COOKIE or length != len(datagram) - _HEADER.size or length % 4:
        return None
    unknown = [each for each in _attributes(datagram[_HEADER.size :]) if each < _OPTIONAL]
    if unknown:
        # RFC 8489 §6.3.1: what must be understood and is not is named
        listed = struct.pack(f">{len(unknown)}H", *unknown)
        code = _attribute(_ERROR_CODE, b"\0\0\4\x14Unknown Attribute")
        return _message(_ERROR, transaction, code + _attribute(_UNKNOWN_ATTRIBUTES, listed))
    return _message(_SUCCESS, transaction, _attribute(_XOR_MAPPED_ADDRESS, _masked(source, transaction)))


def _attributes(octets: bytes) -> Iterator[int]:
    at = 0
    while at + _ATTRIBUTE.size <= len(octets):
        kind, length = _ATTRIBUTE.unpack_from(octets, at)
        yield kind
        at += _ATTRIBUTE.size + length + -length % 4


def _masked(source: tuple[str, int], transaction: bytes) -> bytes:
    """RFC 8489 §14.2: masked, so that no NAT on the way takes it for an address to rewrite."""
    address = ip_address(source[0])
    mask = _COOKIE.to_bytes(4, "big") + transaction
    octets = bytes(octet ^ hidden for octet, hidden in zip(address.packed, mask, strict=False))
    return struct.pack(">BBH", 0, 1 if address.version == 4 else 2, source[1] ^ _COOKIE >> 16) + octets


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + b"\0" * (-len(value) % 4)


def _message(kind: int, transaction: bytes, attributes: bytes) -> bytes:
    return _HEADER.pack(kind, len(attributes), _COOKIE, transaction) + attributes
