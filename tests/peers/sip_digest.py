"""Digest credentials of a SIP test peer (RFC 3261 section 22, RFC 7616, RFC 8760)."""

import hashlib
import re
import secrets


def challenge_values(challenge: str) -> dict[str, str]:
    """Return the parameters of a WWW-Authenticate or Proxy-Authenticate value."""
    pairs = re.findall(r'(\w+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^,\s]+))', challenge.partition(" ")[2])
    return {name.lower(): quoted or token for name, quoted, token in pairs}


def credentials(challenge: str, *, method: str, uri: str, user: str, password: str) -> str:
    """Return the Authorization value that answers `challenge`."""
    asked = challenge_values(challenge)
    algorithm = asked.get("algorithm", "MD5")
    hashes = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
    name = hashes[algorithm.upper()]

    def digest(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    ha1 = digest(f"{user}:{asked['realm']}:{password}")
    ha2 = digest(f"{method}:{uri}")
    fields = f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}"'
    if "qop" in asked:
        cnonce = secrets.token_hex(8)
        response = digest(f"{ha1}:{asked['nonce']}:00000001:{cnonce}:auth:{ha2}")
        fields += f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    else:
        response = digest(f"{ha1}:{asked['nonce']}:{ha2}")
    fields += f', response="{response}", algorithm={algorithm}'
    return fields + (f', opaque="{asked["opaque"]}"' if "opaque" in asked else "")


def strongest(challenges: list[str]) -> str:
    """Return the first challenge whose algorithm this peer knows (they come strongest first)."""
    known = {"MD5", "SHA-256", "SHA-512-256"}
    return next(c for c in challenges if challenge_values(c).get("algorithm", "MD5").upper() in known)
