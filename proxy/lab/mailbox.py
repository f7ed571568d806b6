"""What the lab's mailboxes hold: a few folders and messages, made up; showing them is left to `pages`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on a message."""

    name: str
    """File name."""
    media_type: str
    """What `Content-Type` says."""
    content: bytes
    """The bytes."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message."""

    id: str
    """Part of its address."""
    folder: str
    """Id of its folder."""
    sender: str
    """Who wrote it."""
    subject: str
    """Its subject."""
    sent: str
    """When, for people."""
    paragraphs: tuple[str, ...]
    """Its text."""
    attachments: tuple[Attachment, ...] = ()
    """Its files."""
    is_unread: bool = False
    """Whether it is set in bold."""


FOLDERS = {
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sent": "Sent Items",
    "deleted": "Deleted Items",
    "junk": "Junk E-Mail",
}
"""Names of the folders by their id, in order."""

_MINUTES = Attachment("minutes.txt", "text/plain; charset=utf-8", b"Certificates are renewed before they end.\r\n" * 40)
_STOCK = Attachment(
    "stock.csv",
    "text/csv; charset=utf-8",
    b"shelf,part,count\r\n" + b"".join(b"%d,bolt M%d,%d\r\n" % (n, n % 12 + 1, n * 7 % 90) for n in range(400)),
)


def messages_of(site: str, server: str) -> tuple[Message, ...]:
    """Give the messages of a site's mailbox; some of them speak of the site and its server."""
    return (
        Message(
            "m1",
            "inbox",
            "Grace Keller",
            f"Welcome to {site}",
            "Today, 09:12",
            (
                f"This page was made by {server} in the site {site}.",
                "Between your browser and it stands the first server, which looked at its certificate beforehand.",
                "Turn the switch to 0 and press F5: if it is not trusted, you will read about event 43 instead.",
            ),
            (_MINUTES,),
            is_unread=True,
        ),
        Message(
            "m2",
            "inbox",
            "Facility desk",
            "Stock list of the week <attached & checked>",
            "Today, 08:40",
            ("Here is the list you asked for. Small enough to download, long enough to see a range request.",),
            (_STOCK, _MINUTES),
            is_unread=True,
        ),
        Message(
            "m3",
            "inbox",
            "Øystein Łukasz-Ógmundr",
            "Grüße aus dem Lager: 你好, שלום",
            "Yesterday, 17:55",
            ("Names and subjects come in every script. If these look broken, something recoded the page on its way.",),
        ),
        Message(
            "m4",
            "inbox",
            "Certificate watch",
            "A certificate ends soon",
            "Monday, 06:00",
            (f"The certificate of {server} deserves a look. This message is invented, the certificate is real.",),
        ),
        Message("m5", "drafts", "You", "Re: which server holds my mailbox?", "Monday, 11:20", ("The one above.",)),
        Message("m6", "sent", "You", f"Moving to {site}", "Last week", ("My mailbox moved, my address stays.",)),
        Message("m7", "junk", "prize@lottery.invalid", "You have won a certificate!!!", "Last week", ("Self-signed.",)),
    )  # fmt: skip
