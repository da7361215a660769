"""Drives the emulator through google-cloud-pubsub and prints what it saw as JSON; the test beside it judges."""
import datetime
import json
import threading
import time

from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber.exceptions import AcknowledgeError
from google.cloud.pubsub_v1.types import FlowControl, PublisherOptions

PROJECT = "interop"
publisher = pubsub_v1.PublisherClient()
ordered = pubsub_v1.PublisherClient(publisher_options=PublisherOptions(enable_message_ordering=True))
subscriber = pubsub_v1.SubscriberClient()
seen = {}


def pair(name, topic=None, **settings):
    """A subscription of that name, of a new topic of that name unless one is given."""
    topic_path = publisher.topic_path(PROJECT, topic or name)
    if topic is None:
        publisher.create_topic(name=topic_path)
    path = subscriber.subscription_path(PROJECT, name)
    subscriber.create_subscription(request={"name": path, "topic": topic_path, **settings})
    return topic_path, path


def pull(path, count):
    messages = []
    while len(messages) < count:
        messages += subscriber.pull(subscription=path, max_messages=count - len(messages), timeout=20).received_messages
    return messages


def is_empty(path):
    return len(subscriber.pull(subscription=path, max_messages=10, return_immediately=True, timeout=20).received_messages) == 0


def ack(path, messages):
    subscriber.acknowledge(subscription=path, ack_ids=[m.ack_id for m in messages])


def texts(messages):
    return [m.message.data.decode() for m in messages]


def listen(path, is_done, handle, **options):
    """What the calls of a streaming pull returned, up to a number of them or until they are what they should be."""
    results, lock, done = [], threading.Lock(), threading.Event()

    def callback(message):
        result = handle(message)
        with lock:
            results.append(result)
            if len(results) >= is_done if isinstance(is_done, int) else is_done(results):
                done.set()

    future = subscriber.subscribe(path, callback=callback, **options)
    assert done.wait(30), f"only {results} on {path}"
    future.cancel()
    future.result(timeout=30)
    return results


def plain():
    topic, path = pair("plain")
    ids = [publisher.publish(topic, f"body {i}".encode(), n=str(i)).result(30) for i in range(100)]
    seen["ids"] = len(set(ids))
    messages = pull(path, 100)
    seen["bodies"] = sorted(texts(messages)) == sorted(f"body {i}" for i in range(100))
    seen["attributes"] = dict(messages[0].message.attributes) == {"n": texts(messages)[0].split()[1]}
    ack(path, messages[1:])
    subscriber.modify_ack_deadline(subscription=path, ack_ids=[messages[0].ack_id], ack_deadline_seconds=0)
    again = pull(path, 1)
    seen["again"] = [again[0].message.message_id == messages[0].message.message_id, again[0].ack_id != messages[0].ack_id, again[0].delivery_attempt]
    subscriber.modify_ack_deadline(subscription=path, ack_ids=[again[0].ack_id], ack_deadline_seconds=60)
    ack(path, again)
    seen["left"] = is_empty(path)


def streaming():
    topic, path = pair("streaming")
    running, most, lock = [0], [0], threading.Lock()

    def handle(message):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1
        message.ack()
        return message.data.decode()

    for future in [publisher.publish(topic, f"{i}".encode()) for i in range(200)]:
        future.result(30)
    results = listen(path, 200, handle, flow_control=FlowControl(max_messages=5))
    seen["streamed"] = [sorted(results, key=int) == [str(i) for i in range(200)], most[0] <= 5]


def in_order():
    topic, path = pair("ordered", enable_message_ordering=True)
    futures = [ordered.publish(topic, f"{key}{i}".encode(), ordering_key=key) for i in range(20) for key in ("a", "b")]
    for future in futures:
        future.result(30)
    refused = [False]

    def handle(message):
        text = message.data.decode()
        if text == "a3" and not refused[0]:
            refused[0] = True
            message.nack()
            return "nack"
        message.ack()
        return text

    def since_refusal(got):
        """From where the refused message came again; what was on its way to the client before that may come twice."""
        return got[got.index("a3") :] if "a3" in got else []

    # Messages after a failed message of a key come again after it, even acknowledged ones.
    got = listen(path, lambda got: "b19" in got and "a19" in since_refusal(got), handle)
    of_a = [text for text in since_refusal(got) if text[0] == "a"]
    of_b = [text for text in got if text[0] == "b"]
    seen["ordered"] = [of_a == [f"a{i}" for i in range(3, 20)], of_b == [f"b{i}" for i in range(20)]]


def exactly_once():
    topic, path = pair("once", enable_exactly_once_delivery=True, ack_deadline_seconds=60)
    for i in range(3):
        publisher.publish(topic, f"{i}".encode()).result(30)
    answers = listen(path, 3, lambda message: message.ack_with_response())
    seen["confirmed"] = [future.result(30).name for future in answers]
    publisher.publish(topic, b"late").result(30)
    message = pull(path, 1)[0]
    ack(path, [message])
    try:
        ack(path, [message])
    except exceptions.InvalidArgument as error:
        seen["refused"] = [error.reason, error.domain, error.metadata.get(message.ack_id)]
    publisher.publish(topic, b"lost").result(30)

    def lose(message):
        # Another client settles it first.
        subscriber.acknowledge(subscription=path, ack_ids=[message.ack_id])
        return message.ack_with_response()

    try:
        listen(path, 1, lose)[0].result(30)
    except AcknowledgeError as error:
        seen["lost"] = error.error_code.name


def dead_letters():
    dead_topic, dead = pair("dead")
    topic, path = pair("failing", dead_letter_policy={"dead_letter_topic": dead_topic, "max_delivery_attempts": 5})
    publisher.publish(topic, b"poison", kind="x").result(30)

    def refuse(message):
        message.nack()
        return message.delivery_attempt

    seen["attempts"] = listen(path, 5, refuse)
    letter = pull(dead, 1)[0].message
    attributes = dict(letter.attributes)
    seen["dead"] = [letter.data.decode(), attributes["kind"], attributes["CloudPubSubDeadLetterSourceDeliveryCount"], attributes["CloudPubSubDeadLetterSourceSubscription"]]


def filters():
    topic, path = pair("filtered", filter='attributes.kind = "a" AND NOT hasPrefix(attributes.to, "x")')
    for kind, to in (("a", "x1"), ("a", "y1"), ("b", "y1")):
        publisher.publish(topic, f"{kind} {to}".encode(), kind=kind, to=to).result(30)
    messages = pull(path, 1)
    ack(path, messages)
    seen["filtered"] = [texts(messages), is_empty(path)]


def seeking():
    topic, path = pair("seeking", retain_acked_messages=True)
    snapshot = subscriber.snapshot_path(PROJECT, "before")
    publisher.publish(topic, b"one").result(30)
    subscriber.create_snapshot(name=snapshot, subscription=path)
    ack(path, pull(path, 1))
    subscriber.seek(request={"subscription": path, "snapshot": snapshot})
    back = pull(path, 1)
    ack(path, back)
    subscriber.seek(request={"subscription": path, "time": back[0].message.publish_time})
    seen["sought"] = [texts(back), texts(pull(path, 1))]
    # Messages published before a seek to the present do not come again.
    publisher.publish(topic, b"two").result(30)
    time.sleep(0.01)
    subscriber.seek(request={"subscription": path, "time": datetime.datetime.now(datetime.timezone.utc)})
    seen["purged"] = is_empty(path)
    seen["snapshots"] = [s.name.split("/")[-1] for s in subscriber.list_snapshots(project=f"projects/{PROJECT}")]
    subscriber.delete_snapshot(snapshot=snapshot)


def failure(call):
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        return type(error).__name__
    return None


def errors():
    missing_topic = publisher.topic_path(PROJECT, "missing")
    missing = subscriber.subscription_path(PROJECT, "missing")
    seen["errors"] = [
        failure(lambda: publisher.publish(missing_topic, b"x").result(30)),
        failure(lambda: subscriber.pull(subscription=missing, max_messages=1)),
        failure(lambda: subscriber.subscribe(missing, callback=lambda m: None).result(30)),
        failure(lambda: publisher.create_topic(name=publisher.topic_path(PROJECT, "plain"))),
        failure(lambda: publisher.publish(publisher.topic_path(PROJECT, "plain"), b"").result(30)),
        failure(lambda: subscriber.acknowledge(subscription=subscriber.subscription_path(PROJECT, "plain"), ack_ids=["nonsense"])),
    ]


for part in (plain, streaming, in_order, exactly_once, dead_letters, filters, seeking, errors):
    part()
print(json.dumps(seen))
