"""Independent user agents and real servers for the tests: the other side of the wire.

Nothing in this package imports the product: a mistake shared by both sides would not be seen.
Read `sip_participant.py` and `xmpp_user.py` first; `prosody.py`, `kamailio.py`, `sipp.py` and
`tshark.py` run the real programs of the same names on free loopback ports.
"""
