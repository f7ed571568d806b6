"""Promises of following a chain: it ends where OpenSSL ends, and hostile chains cost little and raise nothing."""

import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.certkit.authority import Authority, self_signed
from proxy.certkit.faults import FAULTS
from proxy.certkit.leaf import Leaf
from proxy.model.verdict import Whence
from proxy.trust.anchors import Anchors, Source
from proxy.trust.certificate import Parsed, load, parse
from proxy.trust.chain import MOST_LINKS, MOST_SIGNATURES, End, Path, follow, is_in_order, is_signed_by, unused
from tests.damage import damaged

HOST = "cas02.branch.example"
ROOT, TWIN, OTHER = Authority.create("A root"), Authority.create("A root"), Authority.create("Another root")
OLDER = Authority.create("A root", key=ROOT.key, not_after=datetime.now(UTC) + timedelta(days=9))
"""The root before it was renewed: same name, same key."""
MIDDLE = ROOT.intermediate("An intermediate")
LEAF, DIRECT, ALONE = MIDDLE.issue(HOST), ROOT.issue(HOST), self_signed(HOST)
ROLLED = OTHER.intermediate("Another root")
"""The root with its next key, signed with its last: its own issuer by name, but not self-signed."""


SHA256 = hashes.SHA256()


def der_of(certificate: x509.Certificate) -> bytes:
    """Spell as DER."""
    return certificate.public_bytes(Encoding.DER)


def anchors_of(*certificates: x509.Certificate) -> Anchors:
    """Trust the certificates."""
    return Anchors([Source("roots.pem", tuple(map(der_of, certificates)))])


def follow_leaf(leaf: Leaf, *anchors: x509.Certificate, partial_chain: bool = False) -> Path:
    """Follow what the leaf's server presents."""
    presented = [parse(der_of(certificate)) for certificate in (leaf.certificate, *leaf.chain)]
    return follow(presented, anchors_of(*anchors), partial_chain=partial_chain)


def presents(leaf: Leaf, *chain: Authority) -> Leaf:
    """Let the leaf's server present the authorities instead of its own chain."""
    return replace(leaf, chain=tuple(authority.certificate for authority in chain))


def break_signature(leaf: Leaf) -> Leaf:
    """Change the last byte of the signature."""
    der = bytearray(der_of(leaf.certificate))
    der[-1] ^= 1
    return replace(leaf, certificate=load(bytes(der)))


CROSS = OTHER.intermediate("A root", key=ROOT.key)
"""The root as another one certifies it."""
CROSSED = presents(LEAF, MIDDLE, CROSS)


@dataclass(frozen=True)
class Row:
    """What is presented, what is trusted, and how the path ends."""

    name: str
    leaf: Leaf
    anchors: tuple[Authority | Leaf, ...]
    end: End
    links: str
    """P, S or A for each link: presented, from the store, absent."""
    partial_chain: bool = False


ROWS = [
    Row("sound", LEAF, (ROOT,), End.ANCHORED, "PPS"),
    Row("root sent too", presents(LEAF, MIDDLE, ROOT), (ROOT,), End.ANCHORED, "PPP"),
    Row("out of order", presents(LEAF, ROOT, MIDDLE), (ROOT,), End.ANCHORED, "PPP"),
    Row("intermediate from the store", presents(LEAF), (ROOT, MIDDLE), End.ANCHORED, "PSS"),
    Row("something else sent", presents(LEAF, OTHER, MIDDLE), (ROOT,), End.ANCHORED, "PPS"),
    Row("sent twice", presents(LEAF, MIDDLE, MIDDLE, MIDDLE), (ROOT,), End.ANCHORED, "PPS"),
    Row("namesake roots", DIRECT, (TWIN, ROOT), End.ANCHORED, "PS"),
    Row("renewed root", presents(DIRECT, OLDER), (ROOT,), End.ANCHORED, "PS"),
    Row("rolled over", ROLLED.issue(HOST), (OTHER,), End.ANCHORED, "PPS"),
    Row("trusted self-signed", ALONE, (ALONE,), End.ANCHORED, "P"),
    Row("partial chain", LEAF, (MIDDLE,), End.ANCHORED, "PP", partial_chain=True),
    Row("partial chain, not sent", presents(LEAF), (MIDDLE,), End.ANCHORED, "PS", partial_chain=True),
    Row("partial chain, leaf", LEAF, (LEAF,), End.ANCHORED, "P", partial_chain=True),
    Row("self-signed", ALONE, (ROOT,), End.SELF_SIGNED_LEAF, "P"),
    Row("unknown root sent", presents(LEAF, MIDDLE, ROOT), (OTHER,), End.UNTRUSTED_ROOT, "PPP"),
    Row("renewed root sent, not trusted", presents(DIRECT, OLDER), (OTHER,), End.UNTRUSTED_ROOT, "PP"),
    Row("intermediate missing", presents(LEAF), (ROOT,), End.ISSUER_ABSENT, "PA"),
    Row("nothing trusted", LEAF, (), End.ISSUER_ABSENT, "PPA"),
    Row("only a namesake", DIRECT, (TWIN,), End.ISSUER_ABSENT, "PA"),
    Row("only the intermediate", LEAF, (MIDDLE,), End.INTERMEDIATE_ANCHOR, "PPA"),
    Row("only the intermediate, not sent", presents(LEAF), (MIDDLE,), End.INTERMEDIATE_ANCHOR, "PSA"),
    Row("only the intermediate, root sent", presents(LEAF, ROOT), (MIDDLE,), End.INTERMEDIATE_ANCHOR, "PSP"),
    Row("only the intermediate, root trusted across", CROSSED, (MIDDLE, OTHER), End.INTERMEDIATE_ANCHOR, "PPPS"),
    Row("broken signature, root unknown", break_signature(presents(DIRECT, ROOT)), (), End.UNTRUSTED_ROOT, "PP"),
    Row("two ways, presented first counts", presents(DIRECT, OLDER, CROSS), (OTHER,), End.UNTRUSTED_ROOT, "PP"),
    Row("two ways, one ends sooner", DIRECT, (CROSS, ROOT, OTHER), End.ANCHORED, "PS"),
    Row("broken signature", break_signature(DIRECT), (ROOT,), End.BROKEN_SIGNATURE, "PS"),
    Row("namesake, no key identifier", FAULTS["no-aki"].make(TWIN, HOST), (ROOT,), End.BROKEN_SIGNATURE, "PS"),
]
CODES = {
    End.ANCHORED: 0,
    End.SELF_SIGNED_LEAF: 18,
    End.UNTRUSTED_ROOT: 19,
    End.ISSUER_ABSENT: 20,
    End.INTERMEDIATE_ANCHOR: 2,
    End.BROKEN_SIGNATURE: 7,
}


def verify_code(row: Row) -> int:
    """Shake hands in memory and return OpenSSL's code."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if row.partial_chain:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for anchor in row.anchors:
        context.load_verify_locations(cadata=der_of(anchor.certificate))
    forth, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(back, forth)
    server = row.leaf.server_context().wrap_bio(forth, back, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return error.verify_code
    return 0


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_end_of_the_path(row):
    """The path ends as the row says, over links from where the row says."""
    anchors = [anchor.certificate for anchor in row.anchors]

    path = follow_leaf(row.leaf, *anchors, partial_chain=row.partial_chain)

    assert (path.end, "".join(link.whence.name[0] for link in path.links)) == (row.end, row.links)
    check_invariants(path, 1 + len(row.leaf.chain))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_openssl_ends_there_too(row):
    """OpenSSL gives the code that the end of the path stands for."""
    assert verify_code(row) == CODES[row.end]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_end_of_every_fault(fault):
    """Of the table of bad chains those that OpenSSL cannot build end accordingly, all others at the anchor."""
    leaf = fault.make(ROOT, HOST)
    ends = {code: end for end, code in CODES.items()}

    path = follow_leaf(leaf, *(leaf.anchors or (ROOT.certificate,)))

    assert path.end is ends.get(fault.code, End.ANCHORED)
    assert path.end is not End.ANCHORED or all(link.signed for link in path.links)


def check_invariants(path: Path, presented: int) -> None:
    """Hold what is true of every path."""
    links, last = path.links, path.links[-1] if path.links else None
    fingerprints = [link.certificate.sha256 for link in links if link.certificate is not None]
    assert len(links) == len(path.certificates) <= min(presented + 8, MOST_LINKS)
    assert len(fingerprints) == len(set(fingerprints))
    assert (path.end is End.EMPTY) == (not links) == (presented == 0)
    assert not links or links[0].position == 0
    for link, certificate in zip(links, path.certificates, strict=True):
        assert (certificate is None) == (link.whence is Whence.ABSENT or path.end is End.UNREADABLE)
        assert (link.whence is Whence.PRESENTED) == (link.position is not None)
        assert link.whence is not Whence.STORE or link.anchor
        assert link.whence is not Whence.ABSENT or link is last
    is_broken = any(link.signed is False for link in links[:-1])
    assert path.end is not End.BROKEN_SIGNATURE or is_broken
    assert path.end is not End.ANCHORED or not is_broken
    assert path.end is not End.ANCHORED or last.anchor
    if path.end is End.ISSUER_ABSENT:
        assert last.whence is Whence.ABSENT
        assert not any(link.anchor for link in links)


def test_signatures_are_told():
    """A link says whether the next one signed it; a root whether it signed itself; below an absent one nothing is."""
    sound, absent = follow_leaf(LEAF, ROOT.certificate), follow_leaf(LEAF)

    assert [link.signed for link in sound.links] == [True, True, True]
    assert [link.signed for link in absent.links] == [True, None, None]


def test_absent_issuer_has_its_name():
    """Of an absent issuer the name is known, from the certificate below it."""
    link = follow_leaf(DIRECT).links[-1]

    assert (link.whence, link.subject, link.certificate) == (Whence.ABSENT, "CN=A root", None)


def test_anchor_names_its_source():
    """An anchor says which file holds it, whether the server sent it or not."""
    kept, sent = follow_leaf(LEAF, ROOT.certificate), follow_leaf(presents(LEAF, MIDDLE, ROOT), ROOT.certificate)

    assert [link.anchor for link in kept.links] == [link.anchor for link in sent.links] == ["", "", "roots.pem"]
    assert (kept.links[-1].position, sent.links[-1].position) == (None, 2)


def test_longest_valid_namesake_is_preferred():
    """Of two anchors with one name and one key, the one that is valid longer ends the path, as the renewed one."""
    path = follow_leaf(DIRECT, OLDER.certificate, ROOT.certificate)

    assert path.certificates[-1] == ROOT.certificate


def test_valid_namesake_is_preferred_when_the_time_is_known():
    """Of two presented issuers with one name and one key, the one that is valid at the time is taken."""
    presented = [parse(der_of(each)) for each in (DIRECT.certificate, OLDER.certificate, ROOT.certificate)]
    later = datetime.now(UTC) + timedelta(days=30)

    paths = [follow(presented, anchors_of(), partial_chain=False, at=at) for at in (None, datetime.now(UTC), later)]

    assert [path.links[-1].position for path in paths] == [1, 1, 2]


def test_nothing_and_unreadable_have_ends_of_their_own():
    """No certificate gives no link, an unreadable one gives one; a later unreadable one is passed over."""
    anchors = anchors_of(ROOT.certificate)
    garbage, leaf = parse(b"garbage"), parse(der_of(DIRECT.certificate))

    ends = [follow(each, anchors, partial_chain=False).end for each in ([], [garbage, leaf], [leaf, garbage])]

    assert ends == [End.EMPTY, End.UNREADABLE, End.ANCHORED]


@pytest.mark.parametrize(
    ("chain", "needless", "in_order"),
    [((MIDDLE, ROOT), (), True), ((ROOT, MIDDLE), (), False), ((OTHER, MIDDLE, MIDDLE), (1, 3), True)],
    ids=["sound", "reversed", "needless"],
)
def test_needless_and_disordered_certificates_are_told(chain, needless, in_order):
    """What was sent in vain is listed by position, and a wrong order is noticed."""
    leaf = presents(LEAF, *chain)
    presented = [parse(der_of(certificate)) for certificate in (leaf.certificate, *leaf.chain)]

    path = follow(presented, anchors_of(ROOT.certificate), partial_chain=False)

    assert (unused(presented, path), is_in_order(path)) == (needless, in_order)


def test_two_authorities_that_signed_each_other_end():
    """A ring is left when it comes round: each certificate is used once."""
    one, two = Authority.create("One"), Authority.create("Two")
    ring = (Authority(two.certificate, two.key).intermediate("One", key=one.key), one.intermediate("Two", key=two.key))

    path = follow_leaf(presents(ring[0].issue(HOST), *ring), ROOT.certificate)

    assert (path.end, len(path.links)) == (End.ISSUER_ABSENT, 4)


def with_fingerprint(parsed: Parsed, sha256: str) -> Parsed:
    """Let a certificate pass for another one."""
    return parsed._replace(facts=replace(parsed.facts, sha256=sha256))


@pytest.mark.parametrize("answer", [True, False, None])
@pytest.mark.parametrize(
    ("chain", "most"),
    [
        (lambda namesake: [namesake] * 3000, 2),
        # As good as so many certificates, without the time to make them.
        (lambda namesake: [with_fingerprint(namesake, f"{number:064x}") for number in range(3000)], MOST_SIGNATURES),
    ],
    ids=["one repeated", "all different"],
)
def test_thousands_of_namesakes_cost_few_signatures(chain, most, answer, monkeypatch):
    """However many candidates there are, few signatures are verified, and a repeated certificate counts once."""
    leaf, namesake = parse(der_of(FAULTS["no-aki"].make(TWIN, HOST).certificate)), parse(der_of(ROOT.certificate))
    presented = [leaf, *chain(namesake)]
    verified: list[tuple[x509.Certificate, ...]] = []
    monkeypatch.setattr("proxy.trust.chain.is_signed_by", lambda *pair: verified.append(pair) or answer)

    path = follow(presented, anchors_of(), partial_chain=False)

    assert 0 < len(verified) <= most
    check_invariants(path, len(presented))


def test_long_chain_is_cut():
    """A chain longer than any in use ends at an absent issuer, not before and not much later."""
    authority = ROOT
    for number in range(MOST_LINKS + 5):
        authority = authority.intermediate(f"Number {number}")

    path = follow_leaf(authority.issue(HOST), ROOT.certificate)

    assert (path.end, len(path.links)) == (End.ISSUER_ABSENT, MOST_LINKS)
    check_invariants(path, MOST_LINKS + 6)


def sign(key, algorithm=SHA256, **options) -> x509.Certificate:
    """Make a certificate with a key that `certkit` does not offer."""
    name, begin = x509.Name([]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=1))
    return builder.sign(key, algorithm, **options)


RSA, EC = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
PSS = padding.PSS(mgf=padding.MGF1(SHA256), salt_length=32)


@pytest.mark.parametrize(
    ("certificate", "own"),
    [
        (sign(RSA), True),
        (sign(RSA, rsa_padding=PSS), True),
        (sign(EC), True),
        (sign(ed25519.Ed25519PrivateKey.generate(), None), True),
        (FAULTS["sha1-signature"].make(ROOT, HOST).certificate, False),
        (sign(dsa.generate_private_key(2048)), None),
    ],
    ids=["rsa", "pss", "ec", "ed25519", "another key", "dsa"],
)
def test_signatures_of_every_kind(certificate, own):
    """Signatures of the usual kinds are verified; of another kind nothing can be told."""
    assert is_signed_by(certificate, certificate) is own


def test_key_of_another_kind_did_not_sign():
    """An EC key cannot have made an RSA signature, nor the other way round."""
    assert (is_signed_by(sign(RSA), sign(EC)), is_signed_by(sign(EC), sign(RSA))) == (False, False)


DERS = [der_of(each.certificate) for each in (LEAF, MIDDLE, ROOT, TWIN, OLDER, ROLLED, OTHER, DIRECT, ALONE)]
CHAINS = st.lists(st.one_of(st.sampled_from(DERS), damaged(DERS)), max_size=8)


@given(ders=CHAINS, trusted=CHAINS, partial_chain=st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_chain_gives_a_path(ders, trusted, partial_chain):
    """Shuffled, repeated, cut and damaged chains never raise, and their paths make sense."""
    presented = [parse(der) for der in ders]

    path = follow(presented, Anchors([Source("any.pem", tuple(trusted))]), partial_chain=partial_chain)

    check_invariants(path, len(presented))
    assert {*unused(presented, path)} <= {*range(len(presented))}
    assert is_in_order(path) in (True, False)
