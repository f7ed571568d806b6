"""The table of routes. Whoever adds one adds a row; application, description and tests are made from the table."""

from typing import Any

from proxy.admin import changing, following, keeping, lab_ca, openapi, reading
from proxy.admin.answers import (
    Config,
    Connections,
    LogLevel,
    Policies,
    Record,
    Records,
    Servers,
    Sites,
    Status,
    Trust,
    Verdicts,
)
from proxy.admin.dashboard import DASHBOARD
from proxy.admin.orders import LevelOrder, Reloaded, ReloadOrder, TrustChanged, TrustOrder
from proxy.admin.query import AFTER, IDS, LAST_SEQUENCE, LIMIT, SINCE, SITE, UNTIL
from proxy.admin.records import FORMATS
from proxy.admin.route import JSON, TEXT, Parameter, Route, Told

PEM = "application/x-x509-ca-cert"

FORMAT = Parameter(
    name="format",
    description="How events are written.",
    schema={"type": "string", "enum": [*keeping.CHOICES], "default": keeping.JSON_FORMAT},
)
SEQUENCE = Parameter(
    name="sequence",
    description="The event's number since the start.",
    where="path",
    schema={"type": "integer", "minimum": 0, "maximum": LAST_SEQUENCE},
)
LAST_EVENT = Parameter(
    name="Last-Event-ID",
    description="Number of the last event that arrived; browsers send it by themselves when they come back.",
    where="header",
    schema={"type": "integer", "minimum": 0, "maximum": LAST_SEQUENCE},
)
MEDIA = tuple(dict.fromkeys((JSON, *(each.media for each in FORMATS.values()))))

ROUTES = (
    Route(
        path="/livez",
        handler=reading.tell_alive,
        summary="Whether the process is alive",
        answers={200: Told("It is.", media=(TEXT,))},
        is_open=True,
    ),
    Route(
        path="/readyz",
        handler=reading.tell_ready,
        summary="Whether requests are taken, which never depends on backends",
        answers={
            200: Told("They are.", media=(TEXT,)),
            503: Told("Before the start and while draining.", media=(TEXT,)),
        },
        is_open=True,
    ),
    Route(
        path="/metrics",
        handler=reading.tell_metrics,
        summary="What was counted",
        answers={200: Told("Prometheus' text format.", media=(TEXT,))},
    ),
    Route(
        path="/ca",
        handler=lab_ca.show_authority,
        summary="How to trust the lab's authority",
        answers={200: Told("A page.", media=("text/html",)), 404: Told("There is no lab.")},
        is_open=True,
    ),
    Route(
        path="/ca.pem",
        handler=lab_ca.send_authority,
        summary="The lab's authority",
        answers={200: Told("PEM.", media=(PEM,)), 404: Told("There is no lab.")},
        is_open=True,
    ),
    Route(
        path="/api/status",
        handler=reading.tell_status,
        summary="The proxy as a whole",
        answers={200: Told("Workers, settings, sinks.", kind=Status)},
    ),
    Route(
        path="/api/sites",
        handler=reading.tell_sites,
        summary="Every site with policy and traffic",
        answers={200: Told("In the order of the settings.", kind=Sites)},
    ),
    Route(
        path="/api/servers",
        handler=reading.tell_servers,
        summary="Every server with health and connections",
        parameters=(SITE,),
        answers={200: Told("In the order of the settings.", kind=Servers)},
    ),
    Route(
        path="/api/verdicts",
        handler=reading.tell_verdicts,
        summary="The last verdict on every server, with the chain it presented",
        parameters=(SITE,),
        answers={200: Told("In the order of the settings.", kind=Verdicts)},
    ),
    Route(
        path="/api/policies",
        handler=reading.tell_policies,
        summary="Every site's trust policy and where each key was set",
        answers={200: Told("In the order of the settings.", kind=Policies)},
    ),
    Route(
        path="/api/trust",
        handler=reading.tell_trust,
        summary="The switch everywhere",
        answers={200: Told("The default and every site.", kind=Trust)},
    ),
    Route(
        path="/api/trust",
        method="POST",
        handler=changing.turn_switch,
        summary="Turn the switch at run time",
        order=TrustOrder,
        answers={
            200: Told("It is in force on every worker.", kind=TrustChanged),
            404: Told("There is no such site."),
            409: Told("The settings say that it takes a restart."),
        },
    ),
    Route(
        path="/api/reload",
        method="POST",
        handler=changing.reload,
        summary="Read the settings anew",
        order=ReloadOrder,
        answers={
            200: Told("They are in force.", kind=Reloaded),
            409: Told("They were refused; nothing has changed.", kind=Reloaded),
        },
    ),
    Route(
        path="/api/events",
        handler=keeping.tell_events,
        summary="Events that are kept",
        parameters=(IDS, SITE, SINCE, UNTIL, LIMIT, AFTER, FORMAT),
        answers={200: Told("Oldest first.", kind=Records, media=MEDIA)},
    ),
    Route(
        path="/api/events/stream",
        handler=following.stream_events,
        summary="Events as they happen",
        parameters=(IDS, SITE, AFTER, LAST_EVENT),
        answers={
            200: Told("Server-sent events named record.", media=("text/event-stream",)),
            503: Told("Too many follow already."),
        },
    ),
    Route(
        path="/api/events/{sequence}",
        handler=keeping.tell_event,
        summary="One event",
        parameters=(SEQUENCE, FORMAT),
        answers={
            200: Told("The event.", kind=Record, media=MEDIA),
            404: Told("It is not kept any more, or has not happened yet."),
        },
    ),
    Route(
        path="/api/connections",
        handler=reading.tell_connections,
        summary="Connections on both sides",
        answers={200: Told("By worker and by server.", kind=Connections)},
    ),
    Route(
        path="/api/config",
        handler=reading.tell_config,
        summary="The settings in force and where each was set, without secrets",
        answers={200: Told("In the order of the reference.", kind=Config)},
    ),
    Route(
        path="/api/log-level",
        handler=reading.tell_log_level,
        summary="The least grave level that is logged",
        answers={200: Told("The level.", kind=LogLevel)},
    ),
    Route(
        path="/api/log-level",
        method="POST",
        handler=changing.set_log_level,
        summary="Log from another level on, until the next start",
        order=LevelOrder,
        answers={200: Told("It is in force in every process.", kind=LogLevel)},
    ),
    Route(
        path="/api/openapi.json",
        handler=openapi.tell_description,
        summary="This description",
        answers={200: Told("OpenAPI 3.1.", kind=dict[str, Any])},
    ),
    *DASHBOARD,
)
"""Every route."""
