"""What a session receives before it knows the peer's path: kept in order, and not without bound (RFC 8122 §6.2)."""

from crossroom.msrp.chunk import FrameItem, MsrpRequest, Oversized
from crossroom.net.msrp_face import MsrpSettings


class HeldFrames:
    """Frames that wait, in order: as many, and as many octets of content, as the settings allow."""

    def __init__(self, settings: MsrpSettings) -> None:
        self._settings = settings
        self.items: list[FrameItem] = []
        self._octets = 0

    def add(self, item: FrameItem) -> bool:
        """Keep one more; False when that is too much."""
        request = item.request if isinstance(item, Oversized) else item
        self._octets += len(request.body or b"") if isinstance(request, MsrpRequest) else 0
        self.items.append(item)
        settings = self._settings
        return len(self.items) <= settings.max_held and self._octets <= settings.max_queue_octets
