"""Software version."""

from crossroom.xmpp.version import version_answer


def test_the_system_is_told_only_when_given() -> None:
    assert str(version_answer("Crossroom", "1")) == (
        "<query xmlns='jabber:iq:version'><name>Crossroom</name><version>1</version></query>"
    )
    assert version_answer("Crossroom", "1", "Debian").child_text("os") == "Debian"
