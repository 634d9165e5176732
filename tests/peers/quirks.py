"""How real SIP chat clients deviate, as switches of a test participant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirks:
    """Every switch is off in a client that follows the book."""

    user_agent: str = "TestPeer/1.0"
    unquoted_nickname: bool = False
    unquoted_display_name: bool = False  # in CPIM From and To, even with spaces
    mime_version_first: bool = False  # "MIME-Version: 1.0" and an empty Content-Transfer-Encoding
    bare_lf_mime: bool = False  # bare LF after the CPIM header block
    utf8_charset_name: bool = False  # charset="utf8"
    total_counts_characters: bool = False  # in Byte-Range
    asks_success_reports: bool = False
    refer_method_as_header_parameter: bool = False
    subscribes_before_msrp: bool = False


PLAIN = Quirks()

BLINK_LIKE = Quirks(
    user_agent="Blink Pro 5.5 (TestPeer)",
    unquoted_nickname=True,
    unquoted_display_name=True,
    mime_version_first=True,
    bare_lf_mime=True,
    utf8_charset_name=True,
    total_counts_characters=True,
    asks_success_reports=True,
    refer_method_as_header_parameter=True,
    subscribes_before_msrp=True,
)
