"""The Job template of processes and requests: a plain dict, kept as given; the API server checks only its frame.

Everything below the frame is Kubernetes' own: it is preserved unread, and judged by a dry run of the Job. The frame is
declared so that the commonest slips are refused when the manifest is applied, and so that two server-side appliers can
share one list of containers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import WithJsonSchema

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_CONTAINERS: Final[JsonDict] = {
    "type": "array",
    "description": "The containers of the pod, as in any pod.",
    "minItems": 1,
    "maxItems": 64,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    "items": {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "required": ["name"],
        "properties": {"name": {"type": "string", "maxLength": 63, "description": "Name of the container."}},
    },
}


def _frame(description: str, required: str, properties: JsonDict) -> JsonDict:
    """An object with one required property, whose other properties are kept unread."""
    return {
        "type": "object",
        "description": description,
        "x-kubernetes-preserve-unknown-fields": True,
        "required": [required],
        "properties": properties,
    }


_POD_SPEC: Final = _frame(
    "The pod, as in any Job.",
    "containers",
    {
        "restartPolicy": {
            "type": "string",
            "enum": ["Never", "OnFailure"],
            "description": "Never or OnFailure. Unset means Never.",
        },
        "containers": _CONTAINERS,
    },
)
_POD_TEMPLATE: Final = _frame("The pod template of the Job.", "spec", {"spec": _POD_SPEC})
_JOB_SPEC: Final = _frame("The spec of the Job, as in batch/v1.", "template", {"template": _POD_TEMPLATE})

JOB_TEMPLATE_SCHEMA: Final[JsonDict] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "metadata": {
            "type": "object",
            "description": "Labels and annotations for the Job; anything else in it is ignored.",
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "spec": _JOB_SPEC,
    },
}

JobTemplate = Annotated[dict[str, Any], WithJsonSchema(JOB_TEMPLATE_SCHEMA)]
