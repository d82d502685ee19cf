"""Base of all resource models: the class `Model`, the scalar types of the API, and object metadata.

The checks of the API server are declared once, here and beside the fields: constraints of pydantic, the `CelRule`s of a
class, and a few OpenAPI extensions. `schema.py` generates the CRDs from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

from process_operator.resources.cel_rule import CelRule
from process_operator.resources.names import MAX_NAME
from process_operator.resources.text_form import TextForm

if TYPE_CHECKING:
    from pydantic.config import JsonDict
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class Model(BaseModel):
    """A frozen part of an API object: snake_case in Python, camelCase in the API. Unknown fields are ignored.

    `rules` are the CEL rules of this object.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    rules: ClassVar[tuple[CelRule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: object) -> object:
        # The API server drops a null that the schema does not allow, and then applies the default. So does this model.
        # The check comes first, because it runs for every part of every object and a null is rare.
        if isinstance(value, dict | Mapping) and None in value.values():
            return {key: item for key, item in value.items() if item is not None}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the CEL rules of the class to its JSON schema."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if cls.rules:
            schema["x-kubernetes-validations"] = [rule.to_api() for rule in cls.rules]
        return schema

    def to_api(self) -> dict[str, Any]:
        """Give the object in JSON form: API names, no nulls, instants and durations as strings."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


# ---- OpenAPI extensions for lists, for `Field(json_schema_extra=...)`

ATOMIC_LIST: Final[JsonDict] = {"x-kubernetes-list-type": "atomic"}
SET_LIST: Final[JsonDict] = {"x-kubernetes-list-type": "set"}


def map_list(key: str) -> JsonDict:
    """Give the extension of a list whose items are identified by `key`, so that two appliers can share the list."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


# ---- Numbers and names. Strict, because the API server does not read "5" as 5 either

Int32 = Annotated[int, Field(strict=True, json_schema_extra={"format": "int32"})]
Int64 = Annotated[int, Field(strict=True, json_schema_extra={"format": "int64"})]
Bool = Annotated[bool, Field(strict=True)]
ObjectName = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


# ---- Instants

_DAY: Final = (
    "((19[7-9]|2[01][0-9])[0-9]-("
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|(19(7[26]|8[048]|9[26])|2000|2[01](0[48]|[2468][048]|[13579][26]))-02-29)"
)
DAY_PATTERN: Final = _DAY
"""A date that exists, from 1970 to 2199."""

_INSTANT_FORM: Final = TextForm(
    f"{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{{1,6}})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
    "must be an RFC 3339 timestamp with a zone, from 1970 to 2199, such as 2027-01-31T02:30:00Z or "
    "2027-01-31T02:30:00+01:00; a second has at most six digits behind its point",
)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
    re.IGNORECASE,
)
_YEARS: Final = CelRule(
    rule=f"!{_INSTANT_FORM.condition} || timestamp(self) >= timestamp('1970-01-01T00:00:00Z') && "
    "timestamp(self) < timestamp('2200-01-01T00:00:00Z')",
    message="must be in the years 1970 to 2199 (UTC)",
)


def compared(first: str, relation: str, second: str) -> str:
    """Write a comparison of two instants (`self.from`, `<=`, `self.to`) as CEL.

    It is true if one of them is not an instant, because the form of that field has its own error.
    """
    condition = _INSTANT_FORM.condition.replace("self.", "text.")
    return f"[{first}, {second}].exists(text, !{condition}) || timestamp({first}) {relation} timestamp({second})"


def parse_instant(value: object) -> datetime:
    """Read an RFC 3339 timestamp (or an aware datetime) as an aware datetime in UTC.

    Accepts what the API server accepts: a zone, also `-00:00`, and up to six digits of fraction. Lower-case `t` and `z`
    are accepted too. RFC 3339 allows them, and so does the API server for fields without a comparing rule.

    Raises ValueError for anything else.
    """
    if isinstance(value, str):
        if not _INSTANT.fullmatch(value):
            raise ValueError("must be an RFC 3339 timestamp with a zone, such as 2027-01-31T02:30:00Z")
        value = datetime.fromisoformat(value.upper())
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("must be an RFC 3339 timestamp or a datetime with a zone")
    try:
        instant = value.astimezone(UTC)
    except OverflowError:
        instant = None
    if instant is None or not 1970 <= instant.year <= 2199:
        raise ValueError("must be in the years 1970 to 2199 (UTC)")
    return instant


def whole_second(instant: datetime) -> datetime:
    """The second in which an instant is. Conditions and most times of the API have whole seconds."""
    return instant.replace(microsecond=0)


def format_instant(value: datetime) -> str:
    """Write an aware datetime as RFC 3339 in UTC with `Z`. A fraction has six digits; it is left out if it is 0."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 32,
            **_INSTANT_FORM.schema(_YEARS),
        }
    ),
]
"""A point in time: an aware datetime in UTC here, RFC 3339 in the API."""


# ---- Durations

_DURATION: Final = TextForm(
    "([0-9]{1,5}(h|m|s|ms)){1,4}",
    "must be up to four whole numbers with the units h, m, s or ms, such as 90s or 1h30m; a day is 24h",
)
_DURATION_PART: Final = re.compile("([0-9]+)(h|ms|m|s)")
_UNIT_MS: Final = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_MAX_DURATION: Final = 32

# This rule rejects texts of zeros only. Other texts that are not durations get the error of the form.
_NOT_ZERO: Final = CelRule(rule="!self.matches('^([0]+[hms]+)+$')", message="must be longer than 0s")
_NO_MILLISECONDS: Final = CelRule(rule="!self.contains('ms')", message="must be in whole seconds, such as 90s or 1h30m")


def parse_duration(value: object) -> timedelta:
    """Read a duration such as `90s`, `1h30m` or `250ms` (the form of the Gateway API, GEP-2257) as a timedelta.

    Raises ValueError for anything else, with what is allowed.
    """
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or len(value) > _MAX_DURATION:
        raise ValueError(_DURATION.message)
    _DURATION.check(value)
    return timedelta(milliseconds=sum(int(n) * _UNIT_MS[unit] for n, unit in _DURATION_PART.findall(value)))


def format_duration(value: timedelta) -> str:
    """Write a duration for people: `1m30s`, `0s`, `350ms`. From one second on it is in whole seconds.

    A negative duration (after a clock was set back) is `0s`.
    """
    if value >= timedelta(seconds=1):
        value = timedelta(seconds=value // timedelta(seconds=1))
    return _exact_duration(max(value, timedelta()))


def _exact_duration(value: timedelta) -> str:
    rest = value // timedelta(milliseconds=1)
    parts = []
    for unit, size in _UNIT_MS.items():
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"


def _duration_schema(*rules: CelRule) -> JsonDict:
    return {
        "type": "string",
        "maxLength": _MAX_DURATION,
        **_DURATION.schema(*rules),
    }


_DURATION_SERIALIZER: Final = PlainSerializer(_exact_duration, return_type=str, when_used="json")

Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), _DURATION_SERIALIZER, WithJsonSchema(_duration_schema(_NOT_ZERO))
]
"""A length of time above zero: a timedelta here, a string such as `1h30m` in the API."""

WholeSeconds = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    _DURATION_SERIALIZER,
    WithJsonSchema(_duration_schema(_NOT_ZERO, _NO_MILLISECONDS)),
]
"""A `Duration` without milliseconds."""


# ---- Objects


class OwnerReference(Model):
    """An owner reference. `controller` is true for the owner that manages the object."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False


class Metadata(Model):
    """The fields of object metadata that the operator reads."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Instant | None = None
    deletion_timestamp: Instant | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    owner_references: tuple[OwnerReference, ...] = ()

    @property
    def key(self) -> str:
        """Namespace and name as `<namespace>/<name>`. They stay the same if an object is deleted and created again."""
        return f"{self.namespace}/{self.name}"

    @model_serializer(mode="wrap")
    def _leave_out_empty(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value}
