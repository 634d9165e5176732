"""SIP: messages, transactions, dialogs and their usages (RFC 3261 and friends). Pure."""
