"""Events of ours that tell how the proxy is operated, numbered from 1045; entries only, joined in `catalogue`."""

from proxy.events.entry import CHANGED, DEFECT, OWN_PROVIDER, SINK, STATED, US, Entry, Level

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
    Entry(
        id=1050,
        symbol="ChangedThroughAdmin",
        level=Level.INFORMATION,
        category="Service",
        provider=OWN_PROVIDER,
        parameters=(US, "change", "client address"),
        text='"%1" was changed through the admin API: %2; asked for from %3.',
        when="Somebody with the admin token turns the switch, has the settings read anew or sets the log level.",
        cure="Nothing, if it was meant. Else take the switch back, find out who has the token and make a new one.",
        kind=CHANGED,
    ),
    Entry(
        id=1051,
        symbol="ProcessLost",
        level=Level.ERROR,
        category="Service",
        provider=OWN_PROVIDER,
        parameters=(US, "process", "how it ended"),
        text='"%1" lost a process: %2 %3. Another takes its place.',
        when="A worker or the control process ends without being asked to; requests that it was serving are lost.",
        cure="Look into the system's log for what ended it: too little memory, a person, a defect of ours.",
        kind=DEFECT,
    ),
)
"""In the order of their numbers."""
