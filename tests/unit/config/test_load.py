"""The configuration file: what is wrong is said with file, line and what is accepted."""

from pathlib import Path

import pytest

from crossroom import settings
from crossroom.config.endpoint import Endpoint
from crossroom.config.listing import listing
from crossroom.config.load import ConfigurationError, line_of, load
from crossroom.config.schema import Configuration, Kind
from crossroom.net.websocket_listener import WebSocketListeners
from crossroom.settings.secret_file import secret
from crossroom.sip.answer import Account

COMPONENT = '[[xmpp.component]]\nconnect = "tcp://127.0.0.1:5347"\ndomain = "conference.localhost"\n'
WRONG = [
    ('[sip]\nlisten = ["upd://1.2.3.4:5060"]\n', 2, "sip.listen: 'upd://1.2.3.4:5060' is not of the form"),
    ('[sip]\nlisten = ["udp://1.2.3.4:99999"]\n', 2, "is not of the form transport://host:port"),
    ('[sip]\nlisten = ["udp://[::1]:1", "udp://[::1]:1"]\n', 2, "sip.listen: 'udp://[::1]:1' is there twice"),
    ('[sip]\n\ntrusted = ["bogus"]\n', 3, "does not appear to be an IPv4 or IPv6 network"),
    (
        "[server]\n\nlog_levle = 1\n",
        3,
        "server.log_levle: there is no such setting (did you mean log_level?)",
    ),
    ("[zzz]\nx = 1\n", 1, "zzz: there is no such setting; 'crossroom config' lists every one"),
    ('[server]\nlog_level = "loud"\n', 2, "server.log_level: 'loud' is none of debug, info, warning, error"),
    ('[[domains]]\nname = "a"\n[[domains]]\nname = 3\n', 4, "expected a text in quotes, got a whole number"),
    ('[[domains]]\nname = "a"\n[[domains]]\nname = "a"\n', 4, "another one has the same name"),
    ('[[domains]]\nname = "a"\nkind = "loped"\n', 3, "'loped' is none of hosted, looped, remote-sip"),
    ('[[domains]]\nname = "a"\ncreators = []\n', 3, "at least one pattern is needed"),
    ('[[domains]]\nname = "a"\ncreators = ["*", "b.example"]\n', 3, "'b.example' is no pattern of addresses"),
    ('[[domains]]\nname = "a"\ncreators = ["sip:ana@b.example"]\n', 3, "is no pattern of addresses"),
    ('[[domains]]\nname = "a"\nfactory = "new room"\n', 3, "'new room' has more than letters"),
    (
        '[sip]\noutbound_proxy = "sip:p"\n[[domains]]\nname = "a"\nkind = "looped"\nfactory = "new"\n',
        6,
        "only a hosted",
    ),
    ('[[domains]]\nkind = "hosted"\n', 1, "domains[0]: name is missing"),
    ('[[domains]]\nname = "a"\nkind = "looped"\n', 3, "needs sip.outbound_proxy"),
    (
        '[networks]\n"y.example" = "sip"\n"x.example" = "icq"\n',
        3,
        "x.example: 'icq' is none of sip, xmpp, dns",
    ),
    ("[msrp]\nlisten = []\n", 2, "at least one MSRP listener"),
    ('[sip]\nlisten = ["tls://1.2.3.4:5061"]\n', 2, "needs tls.certificate"),
    ('[tls]\ncertificate = "chain.pem"\n', 1, "certificate and key are needed together"),
    ('[xmpp.entry]\nlisten = "tcp://0.0.0.0:5222"\n', 2, "may only listen on loopback"),
    (COMPONENT, 1, "exactly one of secret"),
    (f'{COMPONENT}secret = "s"\nsecret_file = 3\n', 5, "expected a text in quotes, got a whole number"),
    ('[[xmpp.component]]\nconnect = "tcp://[::1]:1"\ndomain = "b"\nsecret = "s"\n', 3, "none of [[domains]]"),
    ("[limits]\nrooms = 0\n", 2, "limits.rooms: expected a whole number >= 1, found 0"),
    ("[limits]\n\nhistory = 501\n", 3, "limits.history: more than history_most"),
    ("[sip]\nlisten = []\n", 2, "at least one SIP listener"),
    ("[sip]\n\nlisten = 'udp://127.0.0.1:1'\n", 3, "expected a list in [ ], got a text in quotes"),
    ('[sip]\noutbound_proxy = "proxy example"\n', 2, "not a URI"),
    ('[sip]\noutbound_proxy = "xmpp:proxy.example"\n', 2, "not a SIP URI"),
    ('[[sip.account]]\nuser = "ana"\npassword = "s"\n', 2, "'ana' is not of the form user@domain"),
    ('[msrp]\nlisten = ["udp://127.0.0.1:2855"]\n', 2, "only tcp, tls, ws, wss can be used here"),
    ('[[xmpp.component]]\nconnect = "tls://a:1"\ndomain = "b"\nsecret = "s"\n', 2, "only tcp can be used"),
    ('[xmpp.entry]\nlisten = "ws://127.0.0.1:5222"\n', 2, "only tcp can be used"),
    ('[[domains]]\nname = "not a domain"\n', 2, "is no domain"),
    ('[http]\norigins = ["chat.example.com"]\n', 2, "is no origin"),
    ('[http]\npublic = "https://chat.example.com"\n', 2, "transport://host:port"),
    ('[http]\npublic = "ws://chat.example.com:80"\n', 2, "only wss can be used"),
    ('[http]\norigins = ["https://chat.example.com/rooms"]\n', 2, "is no origin"),
    ('[sip]\nadvertise = "198.51.100.7:5062"\n', 2, "is no host"),
    ('[msrp]\nadvertise = "rooms example"\n', 2, "is no host"),
    ('[[sip.credentials]]\nrealm = "p.example"\nuser = "tea"\n', 1, "exactly one of password"),
    ('[[sip.credentials]]\nrealm = ""\nuser = "tea"\npassword = "x"\n', 1, "realm and user are needed"),
    ("[limits]\nsip_session_seconds = 60\n", 2, "expected a whole number >= 90, found 60"),
]


@pytest.mark.parametrize(("text", "line", "what"), WRONG)
def test_a_wrong_setting_is_refused_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load(file, {})
    assert refused.value.where == f"{file}:{line}"
    assert what in refused.value.what


def test_a_component_for_a_domain_that_is_not_served_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text(
        '[[xmpp.component]]\nconnect = "tcp://[::1]:5347"\ndomain = "other.example"\nsecret = "s"\n'
    )
    with pytest.raises(ConfigurationError, match="none of"):
        load(file, {})


@pytest.mark.parametrize(
    ("sip", "msrp", "is_fine"),
    [
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080", True),
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8081", True),
        ("udp://127.0.0.1:8080", "ws://127.0.0.1:8080", True),
        ("tcp://127.0.0.1:8080", "ws://127.0.0.1:8080", False),
        ("tcp://127.0.0.1:8080", "tcp://127.0.0.1:8080", False),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", True),
    ],
)
def test_sip_and_msrp_share_an_address_for_browsers_only(
    tmp_path: Path, sip: str, msrp: str, *, is_fine: bool
) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text(f'[sip]\nlisten = ["{sip}"]\n[msrp]\nlisten = ["tcp://127.0.0.1:2855", "{msrp}"]\n')
    if is_fine:
        assert load(file, {}).msrp.listen[1] == msrp
    else:
        with pytest.raises(ConfigurationError, match="has this address"):
            load(file, {})


def test_tls_only_needs_a_listener_that_can_be_reached_so(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text('[[domains]]\nname = "rooms.example"\ntls_only = true\n')
    with pytest.raises(ConfigurationError, match="tls_only needs a tls:// address"):
        load(file, {})


def test_a_reserved_nickname_must_be_one(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text('[server]\nreserved_nicknames = ["admin", " "]\n')
    with pytest.raises(ConfigurationError, match=r"reserved_nicknames\[1\]"):
        load(file, {})


def test_what_is_not_toml_or_not_there_is_said_plainly(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    with pytest.raises(ConfigurationError, match=r"cannot be read: No such file or directory$"):
        load(file, {})
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="it is not UTF-8"):
        load(file, {})
    file.write_text("x = [")
    with pytest.raises(ConfigurationError, match="not TOML"):
        load(file, {})
    file.write_text("[server]\n[sip\n")
    with pytest.raises(ConfigurationError, match=r"crossroom\.toml:2: not TOML"):
        load(file, {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text("[limits]\nrooms = 5\n")
    environment = {
        "CROSSROOM_LIMITS__ROOMS": "7",
        "CROSSROOM_SIP__ADVERTISE": "198.51.100.7",
        "CROSSROOM_XMPP__ENTRY__DOMAIN": "guests.example",
        "CROSSROOM_HOME": "no setting of ours",
    }
    configuration = load(file, environment)
    assert configuration.limits.rooms == 7
    assert configuration.sip.advertise == "198.51.100.7"
    assert configuration.xmpp.entry.domain == "guests.example"


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(None, {"CROSSROOM_LIMITS__ROOMS": "many"})
    assert refused.value.where == "CROSSROOM_LIMITS__ROOMS"
    with pytest.raises(ConfigurationError, match="no table"):
        load(None, {"CROSSROOM_SIP": "1", "CROSSROOM_XMPP__ENTRY__LISTEN__PORT": "1"})


def test_a_variable_with_one_underscore_too_few_is_not_passed_over() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(None, {"CROSSROOM_SIP_LISTEN": "[]"})
    assert refused.value.where == "CROSSROOM_SIP_LISTEN"
    assert refused.value.what.endswith("CROSSROOM_SIP__LISTEN")


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text('[[sip.account]]\nuser = "ana@sip.example"\npassword = 73911\n')
    with pytest.raises(ConfigurationError) as refused:
        load(file, {})
    assert "73911" not in str(refused.value)


def test_a_variable_that_is_only_wrong_in_its_table_is_named() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(None, {"CROSSROOM_SIP__LISTEN": '["smtp://127.0.0.1:25"]', "CROSSROOM_LIMITS__ROOMS": "7"})
    assert refused.value.where == "CROSSROOM_SIP__LISTEN"


def test_domains_are_kept_in_lower_case_however_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text(
        '[[domains]]\nname = "Conference.Example"\n[[xmpp.component]]\nconnect = "tcp://[::1]:5347"\n'
        'domain = "CONFERENCE.example"\nsecret = "s"\n'
    )
    configuration = load(file, {})
    assert configuration.domains[0].name == "conference.example"
    assert configuration.xmpp.component[0].domain == "conference.example"


def test_without_a_file_everything_is_on_loopback() -> None:
    configuration = load(None, {})
    listeners = [*configuration.sip.listen, *configuration.msrp.listen, configuration.xmpp.entry.listen]
    assert all(Endpoint.parse(text).is_loopback for text in listeners)
    assert configuration.domains[0].kind is Kind.HOSTED


def test_the_listing_is_a_file_that_gives_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text(listing())
    assert load(file, {}) == Configuration()


def test_a_line_is_found_for_a_quoted_key_and_an_inline_table() -> None:
    text = '[networks]\n"a.example" = "sip"\n"b.example" = "xmpp"\n'
    assert line_of(text, "$.networks.b.example") == 3
    assert line_of("limits = { rooms = 0 }\n", "$.limits.rooms") == 1


@pytest.mark.parametrize("text", ["tcp://[::1]:2855", "udp://0.0.0.0:5060", "wss://host.example:443"])
def test_an_endpoint_reads_back(text: str) -> None:
    assert str(Endpoint.parse(text)) == text


def test_loopback_is_recognised_by_name_and_number() -> None:
    assert Endpoint.parse("tcp://localhost:1").is_loopback
    assert not Endpoint.parse("tcp://host.example:1").is_loopback


def test_a_secret_comes_from_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\nsecond line\n")
    assert secret("sip.account[0].password_file", "", str(file)) == "s3cret"
    assert secret("sip.account[0].password_file", "inline", "") == "inline"


@pytest.mark.parametrize("host", ["198.51.100.7", "2001:db8::7", "[2001:db8::7]", "rooms.example.com", ""])
def test_a_host_to_advertise_is_a_name_or_an_address(tmp_path: Path, host: str) -> None:
    file = tmp_path / "crossroom.toml"
    file.write_text(f'[sip]\nadvertise = "{host}"\n')
    configuration = load(file, {})
    assert configuration.sip.advertise == host
    # MSRP is behind the same NAT unless it says otherwise
    assert settings.msrp(configuration, None, WebSocketListeners()).advertise == host.strip("[]")


def test_who_we_are_to_proxies_reaches_the_user_agent(tmp_path: Path) -> None:
    secret, file = tmp_path / "proxy.password", tmp_path / "crossroom.toml"
    secret.write_text("tea and cake\n")
    file.write_text(
        f'[[sip.credentials]]\nrealm = "proxy.example"\nuser = "rooms"\npassword_file = "{secret}"\n'
        '[[sip.credentials]]\nrealm = "b.example"\nuser = "focus"\npassword = "two"\n'
        "[limits]\nsip_session_seconds = 600\nsip_head_octets = 9000\nsip_account_wrong_passwords = 7\n"
    )
    made = settings.sip(load(file, {}), None, WebSocketListeners())
    assert made.agent.accounts == (
        Account("rooms", "tea and cake", "proxy.example"),
        Account("focus", "two", "b.example"),
    )
    assert (made.agent.session_expires, made.limits.head, made.agent.rates.account_failures) == (600, 9000, 7)
