"""What the focus makes of the other side's description."""

import pytest

from crossroom.bodies.msrp_media import Fingerprint, MessageMedia
from crossroom.conference.media import announced
from crossroom.net.msrp_face import Fingerprint as Announced

DIRECT = "msrps://ua.example:2856/u;tcp"


@pytest.mark.parametrize(
    ("path", "is_secure", "counts"),
    [
        ((DIRECT,), True, True),
        (("msrp://ua.example:2855/u;tcp",), False, False),
        (("msrps://x.invalid:2856/u;ws",), True, False),
        (("msrps://relay.example:2856/r;tcp", DIRECT), True, False),
    ],
    ids=["direct", "in the clear", "a browser", "behind a relay"],
)
def test_a_fingerprint_counts_for_who_is_connected_with_directly(
    path: tuple[str, ...], *, is_secure: bool, counts: bool
) -> None:
    media = MessageMedia(2856, is_secure, path, "192.0.2.1", fingerprints=(Fingerprint("sha-256", "AA:BB"),))
    assert announced(media) == ((Announced("sha-256", "AA:BB"),) if counts else ())
