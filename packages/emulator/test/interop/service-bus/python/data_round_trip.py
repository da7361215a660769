"""Drives the data plane through azure-servicebus and prints what it saw as JSON; the test beside it judges."""
import datetime
import json
import os

from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
    TransportType,
)
from azure.servicebus.exceptions import ServiceBusError

options = {}
if "CA_FILE" in os.environ:
    options["connection_verify"] = os.environ["CA_FILE"]
if "ENDPOINT" in os.environ:
    # Over TLS, this client ignores the port in the connection string.
    options["custom_endpoint_address"] = os.environ["ENDPOINT"]
    options["transport_type"] = TransportType.Amqp
client = ServiceBusClient.from_connection_string(
    os.environ["CONNECTION_STRING"], retry_total=0, socket_timeout=10, **options
)
hour = datetime.timedelta(hours=1)


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def text(message):
    return b"".join(message.body).decode()


seen = {}

with client.get_queue_sender("orders") as sender, client.get_queue_receiver("orders", max_wait_time=5) as receiver:
    sender.send_messages(ServiceBusMessage("one", message_id="1", application_properties={"n": 1, "s": "x", "b": True}))
    batch = sender.create_message_batch()
    for i in range(2, 7):
        batch.add_message(ServiceBusMessage(f"body {i}", message_id=str(i), subject="blue"))
    sender.send_messages(batch)
    seen["peeked"] = [m.message_id for m in receiver.peek_messages(max_message_count=10)]
    got = []
    while len(got) < 6:
        got += receiver.receive_messages(max_message_count=6 - len(got), max_wait_time=5)
    seen["received"] = [[m.message_id, text(m), m.delivery_count] for m in got]
    seen["properties"] = {k.decode(): v.decode() if isinstance(v, bytes) else v for k, v in got[0].application_properties.items()}
    first, second, third, fourth, fifth, sixth = got
    before = first.locked_until_utc
    seen["renewed"] = receiver.renew_message_lock(first) >= before
    receiver.complete_message(first)
    receiver.abandon_message(second)
    receiver.dead_letter_message(third, reason="broken", error_description="It does not parse.")
    receiver.defer_message(fourth)
    receiver.complete_message(fifth)
    receiver.complete_message(sixth)
    again = receiver.receive_messages(max_message_count=1, max_wait_time=5)[0]
    seen["again"] = [again.message_id, again.delivery_count]
    receiver.complete_message(again)
    deferred = receiver.receive_deferred_messages(fourth.sequence_number)
    seen["deferred"] = [m.message_id for m in deferred]
    receiver.complete_message(deferred[0])
    with client.get_queue_receiver("orders", sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=5) as dead:
        letter = dead.receive_messages(max_message_count=1)[0]
        seen["dead"] = [letter.message_id, letter.dead_letter_reason, letter.dead_letter_error_description]
        dead.complete_message(letter)
    numbers = sender.schedule_messages([ServiceBusMessage("late"), ServiceBusMessage("later")], now() + hour)
    seen["scheduled"] = [m.state.name for m in receiver.peek_messages(max_message_count=10)]
    sender.cancel_scheduled_messages(numbers)
    seen["left"] = len(receiver.peek_messages(max_message_count=10))

with client.get_queue_sender("orders") as sender:
    sender.send_messages(ServiceBusMessage(b"\x00\xff" * 100_000))
with client.get_queue_receiver("orders", receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE) as receiver:
    big = receiver.receive_messages(max_message_count=1, max_wait_time=5)[0]
    seen["big"] = len(b"".join(big.body))

with client.get_queue_sender("sessions") as sender:
    for session in ("a", "b", "a"):
        sender.send_messages(ServiceBusMessage(f"of {session}", session_id=session))
with client.get_queue_receiver("sessions", session_id="a", max_wait_time=5) as receiver:
    receiver.session.set_state(b"halfway")
    seen["state"] = receiver.session.get_state().decode()
    seen["lock"] = receiver.session.renew_lock() > now()
    of_a = []
    while len(of_a) < 2:
        of_a += receiver.receive_messages(max_message_count=2 - len(of_a), max_wait_time=5)
    seen["session"] = [text(m) for m in of_a]
    for message in of_a:
        receiver.complete_message(message)
    with client.get_queue_receiver("sessions", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=5) as other:
        seen["next"] = other.session.session_id
        other.complete_message(other.receive_messages(max_message_count=1, max_wait_time=5)[0])

with client.get_topic_sender("events") as sender:
    sender.send_messages([ServiceBusMessage("low", application_properties={"n": 1}), ServiceBusMessage("high", application_properties={"n": 9})])
with client.get_subscription_receiver("events", "high", max_wait_time=5) as receiver:
    filtered = receiver.receive_messages(max_message_count=1)
    seen["filtered"] = [text(m) for m in filtered]
    receiver.complete_message(filtered[0])


def error_of(action):
    try:
        action()
    except ServiceBusError as error:
        return type(error).__name__
    return None


def send_to(name):
    with client.get_queue_sender(name) as sender:
        sender.send_messages(ServiceBusMessage("x"))


def settle_twice():
    with client.get_queue_sender("orders") as sender, client.get_queue_receiver("orders", max_wait_time=5) as receiver:
        sender.send_messages(ServiceBusMessage("x"))
        message = receiver.receive_messages(max_message_count=1)[0]
        receiver.complete_message(message)
        receiver.receive_deferred_messages(message.sequence_number)


def lock_held_session():
    with client.get_queue_receiver("sessions", session_id="held", max_wait_time=5):
        with client.get_queue_receiver("sessions", session_id="held", max_wait_time=5) as second:
            second.receive_messages(max_message_count=1)


seen["errors"] = [
    error_of(lambda: send_to("missing")),
    error_of(settle_twice),
    error_of(lock_held_session),
]
client.close()
print(json.dumps(seen))
