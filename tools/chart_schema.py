"""What values the chart takes, as JSON Schema: nothing but what is named, so that a typo is refused and not ignored.

Types and bounds of settings are those of the services' own settings, so that what a pod would die of is refused before
there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from pydantic_settings import BaseSettings

from scizor.services.backtest.settings import BacktestSettings
from scizor.services.ibsim.settings import IbsimSettings
from scizor.services.marketdata.settings import MarketDataSettings
from scizor.services.setup import ServiceSettings
from scizor.services.trading.settings import TradingSettings

Schema = dict[str, Any]

_REMOVED: Final = Path(__file__).parent.parent / "helm" / "scizor" / "files" / "removed.yaml"

SETTINGS: Final[dict[str, type[BaseSettings]]] = {
    "marketdata": MarketDataSettings,
    "backtest": BacktestSettings,
    "trading": TradingSettings,
    "ibsim": IbsimSettings,
}
_COMMON: Final = {name for name in ServiceSettings.model_fields if name != "database_connections"}
_ELSEWHERE: Final = {"port"} | _COMMON
"""Fields that are values of their own, above the settings."""

TEXT: Final[Schema] = {"type": "string"}
WORD: Final[Schema] = {"type": "string", "minLength": 1}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
POSITIVE: Final[Schema] = {"type": "integer", "minimum": 1}
PORT: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 65535}
FREE: Final[Schema] = {"type": "object"}
"""Kubernetes' own objects, which its schema judges: `scheduling.affinity`, annotations."""
TEXTS: Final[Schema] = {"type": "object", "additionalProperties": TEXT}
LABEL: Final[Schema] = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$"}
DURATION: Final[Schema] = {"type": "string", "pattern": "^([0-9]+(ms|[smh]))+$"}
SIZE: Final[Schema] = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)$"}


def listed(item: Schema, **rules: Any) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": item, **rules}


def one_of(*words: str) -> Schema:
    """One of these words."""
    return {"enum": list(words)}


def closed(**properties: Schema) -> Schema:
    """An object of these properties and no other."""
    return {"type": "object", "additionalProperties": False, "properties": properties}


def camel(name: str) -> str:
    """The value that a setting is: `import_max_mib` is importMaxMib."""
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def setting_names(settings: type[BaseSettings]) -> list[str]:
    """Fields that are values under `settings`: the others have variables of everybody, or a value of their own."""
    return [
        name
        for name, field in settings.model_fields.items()
        if field.validation_alias is None
        and name not in _ELSEWHERE - ({"home"} if settings is IbsimSettings else set())
    ]


def settings_of(settings: type[BaseSettings]) -> Schema:
    """What may be set of a service."""
    model = settings.model_json_schema(by_alias=False)
    return closed(**{camel(name): _setting(model, model["properties"][name]) for name in setting_names(settings)})


def _setting(model: Schema, found: Schema) -> Schema:
    if "$ref" in found:
        found = {**found, **model["$defs"][found["$ref"].rpartition("/")[2]]}
    if "anyOf" in found:  # a number that may be left out comes as a text, too
        return {"type": ["number", "string"] if any("maximum" in one for one in found["anyOf"]) else "string"} | {
            "description": found["description"]
        }
    kept = ("type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "description")
    return {key: found[key] for key in kept if key in found}


_DEFINITIONS: Final[dict[str, Schema]] = {
    "resources": closed(requests=TEXTS, limits=TEXTS),
    "autoscaling": closed(enabled=FLAG, minReplicas=POSITIVE, maxReplicas=POSITIVE, targetCPUPercent=POSITIVE),
    "scheduling": closed(nodeSelector=TEXTS, tolerations=listed(FREE), affinity=FREE, priorityClassName=TEXT),
    "peers": listed(closed(podSelector=FREE, namespaceSelector=FREE, ipBlock=FREE)),
    "ingress": closed(enabled=FLAG, className=TEXT, host=TEXT, annotations=TEXTS, tlsSecret=TEXT),
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _pods(**properties: Schema) -> Schema:
    """A program: what all have, and what this one has besides."""
    common = {
        "tmpSize": SIZE,
        "resources": _ref("resources"),
        "env": listed(FREE),
        "podAnnotations": TEXTS,
        "scheduling": _ref("scheduling"),
    }
    return closed(**{**common, **properties})


def _several(**properties: Schema) -> Schema:
    return _pods(replicas=COUNT, autoscaling=_ref("autoscaling"), **properties)


_STOPPING: Final[dict[str, Schema]] = {"preStopSeconds": COUNT, "terminationGracePeriodSeconds": POSITIVE}


def schema() -> Schema:
    """The whole."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Values of the chart scizor",
        **_answering(closed(**_shared(), **_programs(), **_edge(), **_rules())),
        "$defs": _DEFINITIONS,
    }


def _answering(whole: Schema) -> Schema:
    """Values that are gone pass the schema, for a template to say what to do instead."""
    for path, instead in yaml.safe_load(_REMOVED.read_text()).items():
        *parents, name = path.split(".")
        place = whole
        for parent in parents:
            place = place["properties"][parent]
        place["properties"][name] = {"description": f"There is none: {instead}", "deprecated": True}
    return whole


def _shared() -> dict[str, Schema]:
    digest: Schema = {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}
    policy = one_of("Always", "IfNotPresent", "Never")
    migrate = closed(timeoutSeconds=POSITIVE, attempts=POSITIVE, resources=_ref("resources"))
    return {
        "image": closed(repository=WORD, tag=TEXT, digest=digest, pullPolicy=policy),
        "imagePullSecrets": listed(WORD),
        "bindHost": WORD,
        "logLevel": one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        "home": {"type": "string", "pattern": "^/"},
        "podLabels": TEXTS,
        "database": closed(existingSecret=TEXT, key=WORD, port=PORT, migrate=migrate),
        "gateway": closed(host=TEXT, port=PORT, clientId=COUNT),
    }


def _programs() -> dict[str, Schema]:
    settings = {name: settings_of(model) for name, model in SETTINGS.items()}
    compute: Schema = {"type": "string", "pattern": "^(tcp://[^:/]+:[0-9]+)?$"}
    database = _pods(
        image=WORD, existingSecret=WORD, key=WORD, storage=SIZE, storageClass=TEXT, maxConnections=POSITIVE
    )
    for unused in ("tmpSize", "env"):
        del database["properties"][unused]
    schedule = closed(name=LABEL, schedule=WORD, timeZone=WORD, options=listed(TEXT))
    schedule["required"] = list(schedule["properties"])
    return {
        "postgresql": database,
        "marketdata": _pods(port=PORT, settings=settings["marketdata"], **_STOPPING),
        "backtest": _several(port=PORT, compute=compute, settings=settings["backtest"], **_STOPPING),
        "worker": _several(settings=settings["backtest"], **_STOPPING),
        "dask": closed(enabled=FLAG, scheduler=_pods(port=PORT, httpPort=PORT), worker=_several()),
        "trading": _pods(enabled=FLAG, replicas=COUNT, port=PORT, settings=settings["trading"], **_STOPPING),
        "ibsim": _pods(port=PORT, settings=settings["ibsim"]),
        "collect": closed(
            enabled=FLAG,
            timeoutSeconds=POSITIVE,
            schedules=listed(schedule),
            resources=_ref("resources"),
            scheduling=_ref("scheduling"),
        ),
    }


def _edge() -> dict[str, Schema]:
    ports = closed(http=PORT, grpc=PORT, marketdata=PORT, backtest=PORT, trading=PORT)
    kinds = one_of("ClusterIP", "NodePort", "LoadBalancer")
    envoy = _several(
        image=WORD,
        concurrency=POSITIVE,
        corsOrigins=WORD,
        tls=closed(existingSecret=TEXT),
        service=closed(type=kinds, annotations=TEXTS, ports=ports),
        **_STOPPING,
    )
    del envoy["properties"]["env"]
    return {"envoy": envoy, "ingress": closed(http=_ref("ingress"), grpc=_ref("ingress"))}


def _rules() -> dict[str, Schema]:
    outside = ("databaseTo", "gatewayTo", "computeTo", "quotesTo", "dnsTo")
    peers = {name: _ref("peers") for name in ("edgeFrom", "metricsFrom", *outside)}
    monitor = closed(enabled=FLAG, interval=DURATION, labels=TEXTS)
    return {
        "metrics": closed(enabled=FLAG, port=PORT, serviceMonitor=monitor),
        "networkPolicy": closed(enabled=FLAG, **peers),
        "disruptionBudgets": FLAG,
        "topologySpread": listed(WORD),
        "global": FREE,  # Helm's own
    }
