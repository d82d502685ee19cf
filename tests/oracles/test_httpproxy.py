"""The proxy of the environment against golang.org/x/net/http/httpproxy, the package that kubectl leaves it to.

Entries of NO_PROXY are put together from parts that matter: domains, addresses, networks, ports, stars, dots and slips.
"""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tests.oracles.questions import COUNT, SEED

from process_operator.cluster.proxy import proxy_of_environment

_PROXIES: Final = (
    "http://proxy:3128",
    "proxy:3128",
    "proxy",
    "10.9.9.9:3128",
    "[fd00::9]:3128",
    "https://me:pw@proxy",
    "",
)
_HOSTS: Final = (
    *(
        "localhost",
        "api",
        "api.example.com",
        "example.com",
        "a.b.example.com",
        "notexample.com",
        "xn--bcher-kva.example",
    ),
    *("127.0.0.1", "10.1.2.3", "10.1.2.255", "192.168.7.9", "[::1]", "[fd00::1]", "[fd00::ff]", "[::ffff:10.1.2.3]"),
)
_NAMES: Final = (
    *(
        "*",
        ".",
        "*.",
        "",
        " ",
        "localhost",
        "com",
        "example.com",
        "EXAMPLE.com",
        "api.example.com",
        "ample.com",
        "bücher.example",
    ),
    *("10.1.2.3", "010.1.2.3", "10.1.2", "10.", "fd00::1", "FD00:0::1", "[fd00::1]", "::ffff:10.1.2.3", "fd00::1%eth0"),
)
_NETWORKS: Final = (
    "10.0.0.0",
    "10.1.2.3",
    "192.168.0.0",
    "0.0.0.0",
    "fd00::",
    "fd00::ff",
    "::",
    "::ffff:10.0.0.0",
    "10.0",
)
_BITS: Final = ("0", "8", "08", "24", "31", "32", "33", "64", "96", "104", "128", "129", "", "-8", "255.0.0.0", "x")
_PORTS: Final = ("", ":", ":443", ":6443", ":https", ":0443")


def test_random_lists(httpproxy: list[str], findings: Counter[str]) -> None:
    asked = _questions(random.Random(SEED))
    for question, answer in zip(asked, _ask(httpproxy, asked), strict=True):
        assert not answer.startswith("refused"), (question, answer)
        proxy, no_proxy, server = question
        found = proxy_of_environment(server, {"HTTPS_PROXY": proxy, "NO_PROXY": no_proxy})
        assert (found or "direct") == answer, question
        findings["direct" if found is None else "through the proxy"] += 1
    assert min(findings["direct"], findings["through the proxy"]) > COUNT / 10


def _questions(chance: random.Random) -> list[tuple[str, str, str]]:
    return [
        (
            chance.choice(_PROXIES),
            chance.choice((",", ", ")).join(_entry(chance) for _ in range(chance.randint(0, 3))),
            f"https://{chance.choice(_HOSTS)}{chance.choice(('', ':443', ':6443'))}",
        )
        for _ in range(COUNT)
    ]


def _entry(chance: random.Random) -> str:
    if chance.random() < 0.4:
        return f"{chance.choice(_NETWORKS)}/{chance.choice(_BITS)}"
    name = chance.choice(_NAMES)
    if ":" in name and chance.random() < 0.5:
        name = f"[{name}]"
    return chance.choice(("", "", ".", "*.")) + name + chance.choice(_PORTS)


def _ask(command: Sequence[str], questions: Sequence[tuple[str, str, str]]) -> list[str]:
    lines = "".join("\t".join(question) + "\n" for question in questions)
    answered = subprocess.run(command, input=lines, text=True, check=True, stdout=subprocess.PIPE)
    return answered.stdout.splitlines()
