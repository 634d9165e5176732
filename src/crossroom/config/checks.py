"""What settings of several tables are checked for: hosts, domains, addresses to listen on, secrets."""

import ipaddress
import re
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import force_setattr

from crossroom.config.endpoint import Endpoint
from crossroom.config.section import SettingError

DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
TCP = frozenset({"tcp"})


def check(setting: str, parse: Callable[[str], object], text: str) -> None:
    """Refuse a text that does not parse."""
    try:
        parse(text)
    except ValueError as error:
        raise SettingError(setting, error) from None


def no_repeats(setting: str, texts: Sequence[str]) -> None:
    """Refuse one address twice; port 0 is any free one, and another one each time."""
    twice = next((text for text in texts if texts.count(text) > 1 and not text.endswith(":0")), None)
    if twice:
        raise SettingError(setting, f"{twice!r} is there twice")


def parse_endpoint(setting: str, text: str, transports: frozenset[str]) -> Endpoint:
    """Read an address; refuse one of a transport that cannot be used there."""
    try:
        endpoint = Endpoint.parse(text)
    except ValueError as error:
        raise SettingError(setting, error) from None
    if endpoint.transport not in transports:
        raise SettingError(setting, f"{text!r}: only {', '.join(sorted(transports))} can be used here")
    return endpoint


def lower_domain(section: Struct, name: str) -> None:
    """Keep a domain as addresses are compared (RFC 4343): in lower case; refuse what is none."""
    domain: str = getattr(section, name)
    if not DOMAIN.fullmatch(domain):
        raise SettingError(name, f"{domain!r} is no domain (an internationalised one is written as xn--…)")
    force_setattr(section, name, domain.lower())


def check_host(text: str) -> None:
    """Refuse what no URI can have as its host: a port too, which is that of each listener."""
    address = text.removeprefix("[").removesuffix("]")
    try:
        is_host = not text or bool(ipaddress.ip_address(address))
    except ValueError:
        is_host = DOMAIN.fullmatch(text) is not None
    if not is_host:
        raise ValueError(f"{text!r} is no host: a name or a numeric address, without a port")


def one_secret(name: str, value: str, file: str) -> None:
    """Refuse a secret that is given twice or not at all: as `name`, and in the file `name`_file."""
    if bool(value) == bool(file):
        raise ValueError(f"exactly one of {name} and {name}_file is needed")
