"""The text of an HTML message: what a reader of the page would read, and nothing that a page could do.

The standard library's parser takes minutes for some 64 KiB of hostile markup; here every character is looked
at a bounded number of times, whatever stands around it.
"""

import html
import re
from string import ascii_uppercase

_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9]*")
_STOP = re.compile("[\"'>]")
_LOWER = {
    ord(letter): letter.lower() for letter in ascii_uppercase
}  # keeps every position, as lower() does not
_HIDDEN = frozenset({"script", "style"})
_BREAKS = frozenset({"br", "p", "div", "li"})
# no character has more digits, and the standard library refuses thousands of them with an error
_TOO_LONG = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9A-Fa-f]{7,});?")


def html_text(markup: str) -> str:
    """The text of an HTML fragment: no markup, no comments, no scripts, no images."""
    return _Page(markup).text()


class _Page:
    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._lower = markup.translate(_LOWER)
        self._parts: list[str] = []
        self._missing: set[str] = set()  # what was looked for in vain: it is not further on either

    def text(self) -> str:
        at = 0
        while (tag := self._markup.find("<", at)) >= 0:
            self._say(self._markup[at:tag])
            at = self._after(tag)
        self._say(self._markup[at:])
        return "".join(self._parts).strip()

    def _say(self, text: str) -> None:
        if text:
            self._parts.append(html.unescape(_TOO_LONG.sub("\ufffd", text)))

    def _after(self, tag: int) -> int:
        """Where the text goes on behind this "<"; what is never closed hides the rest, as in a browser."""
        if self._markup.startswith("<!--", tag):
            return self._behind("-->", tag + 4)
        if self._markup.startswith(("<!", "<?"), tag):
            return self._behind(">", tag + 1)
        found = _NAME.match(self._markup, tag + 1)
        if found is None:
            self._parts.append("<")
            return tag + 1
        name = found[0].lower()
        end = self._end_of_tag(found.end())
        if name in _HIDDEN:
            return self._end_of_tag(self._behind(f"</{name}", end))
        if name in _BREAKS and self._parts:
            self._parts.append("\n")
        return end

    def _end_of_tag(self, at: int) -> int:
        while (stop := _STOP.search(self._markup, at)) is not None:
            at = stop.end()
            if stop[0] == ">":
                return at
            closing = self._find(stop[0], at)
            at = closing + 1 if closing >= 0 else at  # a quotation mark that is never closed is none
        return len(self._markup)

    def _behind(self, wanted: str, at: int) -> int:
        found = self._find(wanted, at)
        return found + len(wanted) if found >= 0 else len(self._markup)

    def _find(self, wanted: str, at: int) -> int:
        if wanted in self._missing:
            return -1
        found = self._lower.find(wanted, at)
        if found < 0:
            self._missing.add(wanted)
        return found
