"""Events of ours that tell how the proxy is operated, numbered from 1045; entries only, joined in `catalogue`."""

from proxy.events.entry import DEFECT, OWN_PROVIDER, SINK, STATED, US, Entry, Level

OPERATION = (
    Entry(
        id=1045,
        symbol="SinkWorksAgain",
        level=Level.WARNING,
        category="Service",
        provider=OWN_PROVIDER,
        parameters=(US, SINK, "records lost"),
        text='"%1" writes to %2 again; records lost: %3.',
        when="A place that logs go to takes records again after it did not, or was too slow for them.",
        cure="If records were lost, look for them elsewhere: each place loses only its own.",
        kind=STATED,
    ),
    Entry(
        id=1046,
        symbol="SinkCannotBeWritten",
        level=Level.ERROR,
        category="Service",
        provider=OWN_PROVIDER,
        parameters=(US, SINK),
        text='"%1" cannot write to %2. Records wait, as far as there is room.',
        when="A place that logs go to takes no records, as with a full disk or a dead collector; once each time.",
        cure="Mend what the record names. Event 1045 tells when it works again and what was lost.",
        kind=DEFECT,
    ),
)
"""In the order of their numbers."""
