"""The stable occupant id (XEP-0421 §4.1): the same for all nicknames and devices of a person in one room."""

import hashlib
import hmac

from crossroom.room.roster import Person


def occupant_id(secret: bytes, person: Person) -> str:
    """Derive the id from the person with the room's own secret: nobody can go back, or over to another room."""
    # the length keeps ("ab", "c") and ("a", "bc") apart
    named = f"{len(person[0])}:{person[0]}@{person[1]}"
    return hmac.new(secret, named.encode(), hashlib.sha256).hexdigest()
