"""Ask those who connect by TLS for a certificate that no authority need have signed (RFC 8122 §6.2).

The fingerprint in the peer's SDP decides about it afterwards. Python's ssl asks for a certificate only together
with verifying its chain, so one call of OpenSSL is made directly (docs/decisions/0013): this module is all of it.
Where the pieces do not fit together, nothing is touched and `ask_strangers` says so.
"""

import ctypes
import importlib
import ssl
import sys

_VERIFY_NONE, _VERIFY_PEER, _VERIFY_REQUIRED = (
    0,
    1,
    3,
)  # SSL_VERIFY_NONE, _PEER, _PEER | _FAIL_IF_NO_PEER_CERT
_MODES = {
    ssl.CERT_REQUIRED: _VERIFY_REQUIRED,
    ssl.CERT_OPTIONAL: _VERIFY_PEER,
    ssl.CERT_NONE: _VERIFY_NONE,
}

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)


def _accept(_is_verified: int, _store: int | None) -> int:
    """SSL_CTX_set_verify(3): 1 goes on with the handshake, whatever was found about the certificate."""
    return 1


_ACCEPT = _Callback(_accept)  # kept for ever: OpenSSL calls it in every handshake


def ask_strangers(context: ssl.SSLContext) -> bool:
    """Let a listening context ask for a certificate and accept any, or none; False where that is not possible.

    The context must verify nobody so far; it stays usable either way. `getpeercert(binary_form=True)` then
    gives what was shown.
    """
    library = _library()
    if library is None or context.verify_mode is not ssl.CERT_NONE:
        return False
    pointer = _pointer(context)
    if not pointer or not _is_that(library, pointer, context):
        return False
    library.SSL_CTX_set_verify(pointer, _VERIFY_PEER, _ACCEPT)
    return True


def _library() -> ctypes.CDLL | None:
    """OpenSSL as Python's own extension is linked to it: no other copy would know its objects."""
    if sys.implementation.name != "cpython":
        return None
    extension = importlib.import_module("_ssl")
    try:
        library = ctypes.CDLL(getattr(extension, "__file__", None))  # None: it is built into the program
        library.SSL_CTX_get_verify_mode.argtypes = (ctypes.c_void_p,)
        library.SSL_CTX_get_verify_mode.restype = ctypes.c_int
        library.SSL_CTX_set_verify.argtypes = (ctypes.c_void_p, ctypes.c_int, _Callback)
        library.SSL_CTX_set_verify.restype = None
    except (OSError, AttributeError):
        return None
    return library


def _pointer(context: ssl.SSLContext) -> int:
    """The SSL_CTX * of a context: the first field of the extension's object, since Python 2.7.9."""
    return ctypes.c_void_p.from_address(id(context) + object.__basicsize__).value or 0


def _is_that(library: ctypes.CDLL, pointer: int, context: ssl.SSLContext) -> bool:
    """True when OpenSSL, asked by this pointer, sees every change made through the context."""
    seen = []
    for mode in _MODES:
        context.verify_mode = mode
        seen.append(library.SSL_CTX_get_verify_mode(pointer))
    return seen == list(_MODES.values())
