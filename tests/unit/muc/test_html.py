"""HTML to text: what a reader would read, and markup that is made to cost much."""

import pytest

from crossroom.muc.html import html_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("tea", "tea"),
        ("<p>one</p><p>two<br>three</p><DIV>four</DIV>", "one\ntwo\nthree\nfour"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("&lt;b&gt; &amp;&nbsp;&#x1F375; &unknown;", "<b> &\xa0\U0001f375 &unknown;"),
        ("</script>a<script>b</script><style>c</style>d", "ad"),
        ("a<SCRIPT type=x>if (1 < 2) alert('</b>')</Script >b", "ab"),
        ("\u0130<script>x</SCRIPT>y", "\u0130y"),
        ("a<!-- <b>hidden</b> -->b<!doctype html>c<?php x ?>d", "abcd"),
        ("<img src=x onerror='a > b' alt=\"c > d\">e", "e"),
        ("<a href='it''s'>f</a><a b='>g", "fg"),
        ("1 < 2 <3 << a<", "1 < 2 <3 << a<"),
        ("a<b", "a"),
        ("a<script>b", "a"),
        ("a<!-- b", "a"),
        ("&#" + "9" * 5000 + ";&#x" + "f" * 5000 + ";&#xD800;", "\ufffd" * 3),
    ],
)
def test_the_text_is_what_a_reader_would_read(markup: str, text: str) -> None:
    assert html_text(markup) == text


@pytest.mark.parametrize(
    "bomb",
    [
        "<",
        "<a ",
        "<!--",
        "<!-- -",
        "<![CDATA[",
        "<script>",
        "<script>x</",
        "<?",
        "&",
        "<div>",
        "<a b='",
        '<a b="',
        "&#1",
        "</a",
    ],
)
def test_markup_that_never_ends_costs_no_more_than_other_text(bomb: str) -> None:
    """With a parser that looks ahead from every mark some of these take minutes, and the server with them."""
    text = html_text(bomb * (262_144 // len(bomb)) + "tea")
    assert len(text) <= 262_144 + 3
