"""The product in a process of its own, for sip_calls.py: all of it, with rates that a benchmark may have.

Run: python bench/sip_server.py; prints the ports of SIP over UDP and over TCP, ends with its standard input.
"""

from msrp_server import run

from crossroom.config.schema import Configuration, Domain, Limits, Msrp, Sip

SETTINGS = Configuration(
    domains=[Domain("conference.example")],
    sip=Sip(listen=["udp://127.0.0.1:0", "tcp://127.0.0.1:0"]),
    msrp=Msrp(listen=["tcp://127.0.0.1:0"]),
    # what one source or person may do in a second is no measure of the machine
    limits=Limits(
        sip_rate=1e9, sip_burst=10**9, sip_trusted_rate=1e9, sip_trusted_burst=10**9, sip_transactions=10**6,
        join_rate=1e9, join_burst=10**9,
    ),
)  # fmt: skip

if __name__ == "__main__":
    run(SETTINGS, lambda server: [listening.port for listening in server.sip.listening])
