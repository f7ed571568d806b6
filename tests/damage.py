"""Damages certificates byte by byte, for tests of what must never raise."""

from hypothesis import strategies as st


@st.composite
def damaged(draw: st.DrawFn, ders: list[bytes]) -> bytes:
    """Draw one of the certificates with up to four bytes flipped, inserted or left out."""
    der = bytearray(draw(st.sampled_from(ders)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(der) - 1))
        byte = draw(st.integers(0, 255))
        match draw(st.sampled_from(["set", "flip", "insert", "delete"])):
            case "set":
                der[at] = byte
            case "flip":
                der[at] ^= 1 << byte % 8
            case "insert":
                der.insert(at, byte)
            case _:
                del der[at]
    return bytes(der)
