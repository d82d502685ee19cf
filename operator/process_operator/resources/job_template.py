"""Job template of processes and requests: a plain dict, of which the CRD declares only the outer fields.

Inner fields belong to Kubernetes. They are kept as they are, and a dry run of the Job validates them. The outer fields
are declared for two reasons. The API server rejects the most common mistakes at once, and two server-side appliers can
share one list of containers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import WithJsonSchema

if TYPE_CHECKING:
    from pydantic.config import JsonDict

_CONTAINERS: Final[JsonDict] = {
    "type": "array",
    "description": "Containers of the pod, as in any pod, at least one.",
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
    """Give the schema of an object with one required property, whose unknown properties are kept."""
    return {
        "type": "object",
        "description": description,
        "x-kubernetes-preserve-unknown-fields": True,
        "required": [required],
        "properties": properties,
    }


_POD_SPEC: Final = _frame(
    "Spec of the pod, as in any Job.",
    "containers",
    {
        "restartPolicy": {
            "type": "string",
            "enum": ["Never", "OnFailure"],
            "description": "Restart policy: Never or OnFailure. Unset means Never.",
        },
        "containers": _CONTAINERS,
    },
)
_POD_TEMPLATE: Final = _frame("Pod template of the Job.", "spec", {"spec": _POD_SPEC})
_JOB_SPEC: Final = _frame("Spec of the Job, as in batch/v1.", "template", {"template": _POD_TEMPLATE})

JOB_TEMPLATE_SCHEMA: Final[JsonDict] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "metadata": {
            "type": "object",
            "description": "Labels and annotations of the Job. Other fields are ignored.",
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "spec": _JOB_SPEC,
    },
}

JobTemplate = Annotated[dict[str, Any], WithJsonSchema(JOB_TEMPLATE_SCHEMA)]
