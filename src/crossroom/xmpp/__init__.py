"""XMPP: JIDs, stanzas, streams, payloads (RFC 6120, 7622 and XEPs). Pure."""
