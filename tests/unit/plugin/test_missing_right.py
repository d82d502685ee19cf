"""Missing rights: the words of RBAC and of the chart's policies, and the roles that give the right."""

from __future__ import annotations

import pytest

from process_operator.plugin.missing_right import describe_missing_right

GRANT = "An administrator can grant that right by a RoleBinding"
DENIED = "processruns.process-operator.io \"daily-x5k2t\" is forbidden: ValidatingAdmissionPolicy 'a' with binding 'a' denied request: "


def by_rbac(verb: str, resource: str, group: str = "process-operator.io") -> str:
    what = f'cannot {verb} resource "{resource}" in API group "{group}" in the namespace "erp"'
    return f'{resource}.{group} is forbidden: User "ann" {what}'


@pytest.mark.parametrize(
    ("message", "roles"),
    [
        pytest.param(
            by_rbac("list", "processrequests"),
            "The ClusterRole view, the ClusterRole edit or the chart's ClusterRole that ends with -run has it",
            id="read",
        ),
        pytest.param(
            by_rbac("create", "processruns"),
            "The ClusterRole edit or the chart's ClusterRole that ends with -run has it",
            id="run",
        ),
        pytest.param(
            by_rbac("patch", "processrequests"),
            "The ClusterRole edit or the chart's ClusterRole that ends with -run has it",
            id="suspend",
        ),
        pytest.param(by_rbac("create", "processbackfills"), "The ClusterRole edit has it", id="backfill"),
        pytest.param(by_rbac("get", "pods/log", ""), "The ClusterRole view or the ClusterRole edit has it", id="log"),
    ],
)
def test_right_of_rbac(message: str, roles: str) -> None:
    assert describe_missing_right(message) == f"{message}. {roles}. {GRANT}"


def test_right_that_no_role_of_the_chart_has() -> None:
    message = by_rbac("create", "secrets", "")
    assert describe_missing_right(message) == f"{message}. {GRANT}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            'user "ann" cannot create jobs.batch in namespace "erp"; the verb run on x allows a manual run',
            "The ClusterRole edit or the chart's ClusterRole that ends with -run has it. " + GRANT,
            id="a button",
        ),
        pytest.param(
            'user "ann" cannot create jobs.batch in namespace "erp", so may not create a Process',  # prose: words of the admission policy
            "The ClusterRole edit has it. " + GRANT,
            id="no button",
        ),
        pytest.param("process-operator.io/suspended-by must be a name", "", id="another rule"),
    ],
)
def test_right_of_the_policy(words: str, said: str) -> None:
    assert describe_missing_right(DENIED + words) == ". ".join(filter(None, (words, said)))


def test_other_rejections_stay() -> None:
    message = 'pods "x" is forbidden: exceeded quota: compute'
    assert describe_missing_right(message) == message
