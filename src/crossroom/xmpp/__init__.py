"""XMPP as pure values and machines: addresses, stanzas, streams, payloads. No I/O; knows no rooms and no SIP."""
