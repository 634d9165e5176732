"""What a dialog remembers, and how it routes. RFC 3261 §12."""

from crossroom.sip.address import NameAddr
from crossroom.sip.dialog import Dialog
from crossroom.sip.hop import Flow
from sip_messages import response_to, simple
from sip_peer import FROM_TCP, FROM_UDP

OURS = NameAddr.parse("<sip:tea@192.0.2.2>")


def as_uas(*lines: str, flow: Flow = FROM_UDP, contact: str = "") -> Dialog:
    invite = simple("INVITE", *lines)
    if contact:
        invite = invite.with_header("Contact", contact)
    return Dialog.as_uas(invite, "ours", OURS, flow)


def test_both_sides_of_a_dialog_know_it_by_the_same_tags() -> None:
    dialog = as_uas()
    assert (dialog.id.call_id, dialog.id.local_tag, dialog.id.remote_tag) == ("call-1", "ours", "a1")
    assert dialog.local.tag == "ours"
    bye = dialog.request("BYE")
    assert (bye.from_.tag, bye.to.tag, bye.cseq.number) == ("ours", "a1", 1)
    assert bye.contact is None
    assert dialog.request("UPDATE").contact == OURS


def test_a_dialog_that_a_proxy_stays_out_of_goes_to_the_contact_and_not_back_to_the_proxy() -> None:
    dialog = as_uas(
        "Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKbelow", contact="<sip:a@192.0.2.77>", flow=FROM_TCP
    )
    assert dialog.flow_to_use() is None
    routed = as_uas(
        "Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKbelow", "Record-Route: <sip:one;lr>", flow=FROM_TCP
    )
    assert routed.flow is FROM_TCP


def test_the_route_set_is_in_order_for_the_callee_and_reversed_for_the_caller() -> None:
    routes = ("Record-Route: <sip:one;lr>", "Record-Route: <sip:two;lr>")
    assert [str(route) for route in as_uas(*routes).route_set] == ["<sip:one;lr>", "<sip:two;lr>"]
    invite = simple("INVITE")
    answer = response_to(invite, 200, ("Record-Route", "<sip:one;lr>"), ("Record-Route", "<sip:two;lr>"))
    dialog = Dialog.as_uac(invite, answer, OURS)
    assert [str(route) for route in dialog.route_set] == ["<sip:two;lr>", "<sip:one;lr>"]
    assert dialog.next_cseq() == 2


def test_a_strict_router_gets_its_own_uri() -> None:
    dialog = as_uas("Record-Route: <sip:strict.example>, <sip:two;lr>")
    bye = dialog.request("BYE")
    assert str(bye.uri) == "sip:strict.example"
    assert [str(route) for route in bye.routes] == ["<sip:two;lr>", "<sip:a@192.0.2.1:5060>"]


def test_a_loose_router_leaves_the_target_alone() -> None:
    bye = as_uas("Record-Route: <sip:one;lr>").request("BYE")
    assert str(bye.uri) == "sip:a@192.0.2.1:5060"


def test_a_target_that_is_no_sip_uri_is_kept() -> None:
    assert str(as_uas(contact="<tel:+1>").request("BYE").uri) == "tel:+1"


def test_numbers_may_jump_but_not_go_back() -> None:
    dialog = as_uas()
    assert dialog.in_order(simple("BYE", cseq=10))
    assert not dialog.in_order(simple("BYE", cseq=9))
    dialog.remote_cseq = None
    assert dialog.in_order(simple("BYE", cseq=1))


def test_a_new_contact_is_a_new_target() -> None:
    dialog = as_uas()
    update = simple("UPDATE")
    dialog.refresh_target(update.with_headers(update.headers.without("Contact")))
    assert str(dialog.remote_contact.uri) == "sip:a@192.0.2.1:5060"
    dialog.refresh_target(update.with_header("Contact", "<sip:x@192.0.2.1>"))
    assert str(dialog.remote_contact.uri) == "sip:x@192.0.2.1"


def test_a_peer_behind_a_nat_is_reached_on_its_flow() -> None:
    assert as_uas().flow_to_use() is None
    assert as_uas(contact="<sip:a@10.0.0.1>").flow_to_use() == FROM_UDP
    assert as_uas(contact="<sip:a@phone.invalid>").flow_to_use() == FROM_UDP
    assert as_uas(flow=FROM_TCP).flow_to_use() == FROM_TCP
    assert as_uas("Record-Route: <sip:one;lr>", flow=FROM_TCP).flow_to_use() is None


def test_a_notify_makes_a_dialog_in_the_peers_order() -> None:
    ours = simple("SUBSCRIBE")
    notify = simple("NOTIFY", "Record-Route: <sip:one;lr>", "Record-Route: <sip:two;lr>")
    dialog = Dialog.from_notify(ours, notify, OURS)
    assert [str(route) for route in dialog.route_set] == ["<sip:one;lr>", "<sip:two;lr>"]
    assert dialog.remote.tag == "a1"
