"""Sends and consumes through kombu, the transport of Celery; prints what it saw as JSON."""
import json
import os
import socket

from kombu import Connection

endpoint = os.environ["AWS_ENDPOINT_URL_SQS"]
host = endpoint.removeprefix("http://")
received = []


def on_message(body, message):
    received.append(body)
    message.ack()


with Connection(
    f"sqs://key:secret@{host}//",
    transport_options={"region": "eu-west-1", "is_secure": False, "wait_time_seconds": 1, "polling_interval": 0.1},
) as connection:
    producer = connection.SimpleQueue("kombu-tasks")
    for i in range(5):
        producer.put({"task": i})
    for _ in range(5):
        message = producer.get(block=True, timeout=10)
        received.append(message.payload)
        message.ack()
    producer.close()

print(json.dumps({"received": sorted(m["task"] for m in received)}))
