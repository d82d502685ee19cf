"""Notifier against real receivers: arriving events, further tries, and reports in the request."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.webhook_receiver import WebhookReceiver, self_signed

from process_operator.actions.notify.notifier import Notifier, RetryPolicy
from process_operator.app import utc_now
from process_operator.decisions.inputs.observations import Delivery
from process_operator.decisions.plan.actions import Notify
from process_operator.resources.receiver import Receiver
from process_operator.state.store import Store

if TYPE_CHECKING:
    from tests.contract.conftest import Waits

NOW = datetime(2027, 3, 1, 12, 0, 0, tzinfo=UTC)
KEY = ("erp", "close")
GUIDE = Path(__file__).parents[2] / "docs" / "reference" / "notifications.md"
KEY_BYTES = bytes(range(32))
EVENT = {"specversion": "1.0", "id": "uid-finished", "type": "io.process-operator.run.failed", "data": {"run": "r"}}


class Desk:
    """A notifier, and its reports."""

    def __init__(
        self, waits: Waits, *receivers: Receiver, clock: Callable[[], datetime] = lambda: NOW, **tries: Any
    ) -> None:
        self.store = Store(on_dirty=lambda _: None, clock=clock)
        self.counted: Counter[tuple[str, str]] = Counter()
        self.done = asyncio.Event()
        self.notifier = Notifier(
            receivers,
            self.store,
            on_done=lambda _: self.done.set(),
            count=self._count,
            clock=clock,
            tries=RetryPolicy(sleep=waits.sleep, chance=lambda: 1.0, **{"timeout": 60.0, **tries}),
        )

    def _count(self, receiver: str, outcome: str) -> None:
        self.counted[receiver, outcome] += 1

    def start(self, *receivers: str, uid: str = "uid") -> None:
        self.notifier.start(KEY, Notify("r", uid, {**EVENT, "id": f"{uid}-finished"}, receivers or ("hook",)))

    def delivery(self, uid: str = "uid") -> Delivery:
        return self.store.facts(KEY).deliveries[uid]

    async def send(self, *receivers: str) -> Delivery:
        self.start(*receivers)
        assert self.delivery() == Delivery()
        await asyncio.wait_for(self.done.wait(), 120)
        return self.delivery()


@asynccontextmanager
async def desk(waits: Waits, *receivers: Receiver, **tries: Any) -> AsyncIterator[Desk]:
    made = Desk(waits, *receivers, **tries)
    try:
        yield made
    finally:
        await made.notifier.close()


def receiver(url: str, **more: Any) -> Receiver:
    return Receiver(**{"name": "hook", "url": url, "namespaces": ("*",), "allow_http": True, **more})


def failed(words: str) -> Delivery:
    return Delivery(done=True, failures=(words,))


DELIVERED = Delivery(done=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Path, Path], tuple[Path, Path]]:
    """Certificate and key of the receiver, and of another server."""
    folder = tmp_path_factory.mktemp("certificates")
    return self_signed(folder, "right"), self_signed(folder, "wrong")


async def test_an_event_arrives_as_a_signed_cloudevent(waits: Waits, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("whsec_" + base64.b64encode(KEY_BYTES).decode())
    async with WebhookReceiver() as hook, desk(waits, receiver(hook.url, key_file=key)) as sender:
        assert await sender.send() == DELIVERED
    (came,) = hook.came
    assert came.path == "/hook?secret=1"
    assert came.event == EVENT
    assert came.headers["content-type"] == "application/cloudevents+json"
    assert (came.headers["webhook-id"], came.headers["webhook-timestamp"]) == ("uid-finished", "1803902400")
    signed = f"{came.headers['webhook-id']}.{came.headers['webhook-timestamp']}.".encode() + came.body
    wanted = "v1," + base64.b64encode(hmac.new(KEY_BYTES, signed, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(came.headers["webhook-signature"], wanted)
    assert {"authorization", "cookie"}.isdisjoint(came.headers)
    assert sender.counted == {("hook", "delivered"): 1}


async def test_the_check_that_the_users_guide_gives_to_receivers_holds(waits: Waits, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(import base64.*?)```", GUIDE.read_text(), re.DOTALL)
    given: dict[str, Any] = {}
    exec(code, given)
    key = tmp_path / "key"
    key.write_bytes(b"a key that only these two know\n")
    async with WebhookReceiver() as hook, desk(waits, receiver(hook.url, key_file=key), clock=utc_now) as sender:
        assert await sender.send() == DELIVERED
    (came,) = hook.came
    is_genuine, right = given["is_genuine"], b"a key that only these two know"
    assert is_genuine(right, came.headers, came.body)
    assert not is_genuine(b"another one", came.headers, came.body)
    assert not is_genuine(right, came.headers, came.body + b" ")
    assert not is_genuine(right, came.headers | {"webhook-timestamp": "1803902400"}, came.body)


async def test_without_a_key_there_is_no_signature(waits: Waits) -> None:
    async with WebhookReceiver() as hook, desk(waits, receiver(hook.url)) as sender:
        assert await sender.send() == DELIVERED
    assert "webhook-signature" not in hook.came[0].headers


async def test_a_proxy_of_the_environment_is_not_used(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with WebhookReceiver() as hook, desk(waits, receiver(hook.url)) as sender:
        assert await sender.send() == DELIVERED


@pytest.mark.parametrize(
    ("answers", "delivery", "paused"),
    [
        pytest.param([(503, {}), (500, {})], DELIVERED, [2, 4], id="fails twice, then takes it"),
        pytest.param([(429, {"Retry-After": "17"})], DELIVERED, [17], id="asks to be left alone for 17 s"),
        pytest.param([(503, {"Retry-After": "Mon, 01 Mar 2027 12:00:40 GMT"})], DELIVERED, [40], id="asks to be left alone until a time"),
        pytest.param([(503, {"Retry-After": "soon"})], DELIVERED, [2], id="says nonsense about when"),
        pytest.param([(429, {"Retry-After": "100000"})], failed("hook: HTTP 429"), [], id="asks for longer than it is tried"),
        pytest.param([(503, {})] * 4, failed("hook: HTTP 503 (4 tries)"), [2, 4, 8], id="is down: given up after four tries"),
        pytest.param([(400, {})], failed("hook: HTTP 400"), [], id="rejects it: not tried again"),
        pytest.param([(410, {})], failed("hook: HTTP 410"), [], id="is gone: not tried again"),
        pytest.param([(307, {"Location": "/elsewhere"})], failed("hook: HTTP 307: redirects are not followed"), [], id="redirects: not followed"),
    ],
)  # fmt: skip
async def test_a_receiver_that(waits: Waits, answers: list[Any], delivery: Delivery, paused: list[float]) -> None:
    async with WebhookReceiver() as hook, desk(waits, receiver(hook.url), tries=4) as sender:
        hook.answers.extend(answers)
        assert await sender.send() == delivery
    assert waits.seconds == paused
    assert len(hook.came) == len(paused) + 1
    assert {came.headers["webhook-id"] for came in hook.came} == {"uid-finished"}
    assert sender.counted == {("hook", "failed" if delivery.failures else "delivered"): 1}


async def test_a_receiver_that_never_answers_is_given_up(waits: Waits) -> None:
    async with WebhookReceiver() as hook:
        hook.answers.extend([None, None])
        async with desk(waits, receiver(hook.url), tries=2, timeout=0.1) as sender:
            assert await sender.send() == failed("hook: no answer in time (2 tries)")


async def test_a_receiver_that_is_not_there_is_given_up_without_a_word_of_its_address(waits: Waits) -> None:
    async with desk(waits, receiver("http://127.0.0.1:1/secret"), tries=2) as sender:
        assert await sender.send() == failed("hook: not reachable (ClientConnectorError) (2 tries)")


async def test_the_certificate_is_checked(waits: Waits, certificates: Any) -> None:
    (right, key), (wrong, _) = certificates
    async with WebhookReceiver(certificate=(right, key)) as hook:
        for trusted, delivery in (
            (right, DELIVERED),
            (wrong, failed("hook: its certificate is not trusted")),
            (None, failed("hook: its certificate is not trusted")),
        ):
            async with desk(waits, receiver(hook.url, ca_file=trusted), tries=1) as sender:
                assert await sender.send() == delivery
    assert len(hook.came) == 1


async def test_a_key_that_cannot_be_read_any_more_sends_nothing(waits: Waits, tmp_path: Path) -> None:
    async with WebhookReceiver() as hook, desk(waits, receiver(hook.url, key_file=tmp_path / "k"), tries=1) as sender:
        assert await sender.send() == failed("hook: its key cannot be used: No such file or directory")
    assert hook.came == []


async def test_one_that_is_dead_holds_up_no_other(waits: Waits) -> None:
    async with WebhookReceiver() as dead, WebhookReceiver() as alive:
        dead.answers.extend([None] * 8)
        both = (receiver(dead.url, name="dead"), receiver(alive.url, name="alive"))
        async with desk(waits, *both, waiting=6, at_once=2, tries=1, timeout=30) as sender:
            for number in range(8):
                sender.start("dead", uid=f"dead-{number}")
            sender.start("alive", uid="alive")
            await asyncio.wait_for(sender.done.wait(), 120)
            while sender.delivery("alive") != DELIVERED:
                sender.done.clear()
                await asyncio.wait_for(sender.done.wait(), 120)
            assert len(dead.came) <= 2
            assert sender.delivery("dead-0") == Delivery()
            assert sender.delivery("dead-7") == failed("dead: 6 events were waiting for it already")
            assert sender.counted == {("dead", "dropped"): 2, ("alive", "delivered"): 1}


async def test_two_receivers_of_one_end_are_waited_for(waits: Waits) -> None:
    async with WebhookReceiver() as one, WebhookReceiver() as two:
        two.answers.append((400, {}))
        both = (receiver(one.url, name="one"), receiver(two.url, name="two"))
        async with desk(waits, *both) as sender:
            assert await sender.send("one", "two") == failed("two: HTTP 400")
    assert (len(one.came), len(two.came)) == (1, 1)


async def test_no_receiver_is_told_of_a_delivery_that_was_forgotten_meanwhile(waits: Waits) -> None:
    async with WebhookReceiver() as hook, desk(waits, receiver(hook.url)) as sender:
        sender.start()
        sender.store.reset()
        (lane,) = sender.notifier._lanes.values()
        await asyncio.gather(*lane.tasks)
        assert not sender.done.is_set()
        assert sender.counted == {("hook", "delivered"): 1}
