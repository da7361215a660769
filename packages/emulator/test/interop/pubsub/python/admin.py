"""Drives the administration through google-cloud-pubsub and prints what it saw as JSON; the test beside it judges."""
import json

from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.iam.v1 import iam_policy_pb2
from google.protobuf import duration_pb2, field_mask_pb2
from google.pubsub_v1.types import Encoding, Schema

PROJECT = "interop"
publisher = pubsub_v1.PublisherClient()
subscriber = pubsub_v1.SubscriberClient()
schemas = pubsub_v1.SchemaServiceClient()
seen = {}


def last(name):
    return name.split("/")[-1]


def topics():
    for i in range(5):
        publisher.create_topic(request={"name": publisher.topic_path(PROJECT, f"topic-{i}"), "labels": {"n": str(i)}})
    pages = publisher.list_topics(request={"project": f"projects/{PROJECT}", "page_size": 2}).pages
    seen["pages"] = [[last(t.name) for t in page.topics] for page in pages]
    changed = {"name": publisher.topic_path(PROJECT, "topic-0"), "labels": {"n": "zero"}, "message_retention_duration": duration_pb2.Duration(seconds=900)}
    updated = publisher.update_topic(request={"topic": changed, "update_mask": field_mask_pb2.FieldMask(paths=["labels", "message_retention_duration"])})
    seen["topic"] = [dict(updated.labels), updated.message_retention_duration.total_seconds()]


def subscriptions():
    topic = publisher.topic_path(PROJECT, "topic-0")
    path = subscriber.subscription_path(PROJECT, "everything")
    subscriber.create_subscription(
        request={
            "name": path,
            "topic": topic,
            "ack_deadline_seconds": 30,
            "retain_acked_messages": True,
            "message_retention_duration": duration_pb2.Duration(seconds=1200),
            "labels": {"team": "a"},
            "enable_message_ordering": True,
            "expiration_policy": {},
            "filter": "attributes:kind",
            "dead_letter_policy": {"dead_letter_topic": publisher.topic_path(PROJECT, "topic-1"), "max_delivery_attempts": 7},
            "retry_policy": {"minimum_backoff": duration_pb2.Duration(seconds=5), "maximum_backoff": duration_pb2.Duration(seconds=60)},
            "enable_exactly_once_delivery": True,
        }
    )
    got = subscriber.get_subscription(subscription=path)
    seen["subscription"] = [
        got.ack_deadline_seconds,
        got.retain_acked_messages,
        got.message_retention_duration.total_seconds(),
        dict(got.labels),
        got.enable_message_ordering,
        got.expiration_policy.ttl.total_seconds() if got.expiration_policy.ttl else 0,
        got.filter,
        got.dead_letter_policy.max_delivery_attempts,
        got.retry_policy.minimum_backoff.total_seconds(),
        got.enable_exactly_once_delivery,
        got.state.name,
        got.topic_message_retention_duration.total_seconds(),
    ]
    change = {"name": path, "ack_deadline_seconds": 45}
    updated = subscriber.update_subscription(request={"subscription": change, "update_mask": field_mask_pb2.FieldMask(paths=["ack_deadline_seconds"])})
    seen["updated"] = [updated.ack_deadline_seconds, dict(updated.labels)]
    seen["of topic"] = [last(name) for name in publisher.list_topic_subscriptions(topic=topic)]
    subscriber.modify_push_config(subscription=path, push_config={})
    publisher.detach_subscription(request={"subscription": path})
    seen["detached"] = subscriber.get_subscription(subscription=path).detached
    subscriber.delete_subscription(subscription=path)
    publisher.delete_topic(topic=publisher.topic_path(PROJECT, "topic-4"))
    seen["left"] = [len(list(publisher.list_topics(project=f"projects/{PROJECT}"))), len(list(subscriber.list_subscriptions(project=f"projects/{PROJECT}")))]


def with_schema():
    definition = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}, {"name": "count", "type": "int"}]})
    parent = f"projects/{PROJECT}"
    schema = schemas.create_schema(parent=parent, schema=Schema(type_=Schema.Type.AVRO, definition=definition), schema_id="order")
    name = schemas.schema_path(PROJECT, "order")
    topic = publisher.topic_path(PROJECT, "typed")
    publisher.create_topic(request={"name": topic, "schema_settings": {"schema": name, "encoding": Encoding.JSON}})
    path = subscriber.subscription_path(PROJECT, "typed")
    subscriber.create_subscription(name=path, topic=topic)
    publisher.publish(topic, json.dumps({"id": "a", "count": 1}).encode()).result(30)
    message = subscriber.pull(subscription=path, max_messages=1, timeout=20).received_messages[0].message
    try:
        publisher.publish(topic, b'{"id": 7}').result(30)
    except exceptions.InvalidArgument as error:
        seen["misfit"] = type(error).__name__
    longer = definition.replace('"int"}]', '"int"}, {"name": "note", "type": ["null", "string"], "default": null}]')
    second = schemas.commit_schema(name=name, schema=Schema(name=name, type_=Schema.Type.AVRO, definition=longer))
    revisions = list(schemas.list_schema_revisions(name=name))
    seen["schema"] = [last(schema.name), message.attributes["googclient_schemaname"] == name, message.attributes["googclient_schemaencoding"], second.revision_id != schema.revision_id, len(revisions)]
    schemas.delete_schema(name=name)


def access():
    topic = publisher.topic_path(PROJECT, "topic-1")
    policy = publisher.get_iam_policy(request={"resource": topic})
    policy.bindings.add(role="roles/pubsub.publisher", members=["user:a@example.com"])
    publisher.set_iam_policy(request={"resource": topic, "policy": policy})
    held = publisher.get_iam_policy(request={"resource": topic})
    allowed = publisher.test_iam_permissions(request={"resource": topic, "permissions": ["pubsub.topics.publish"]})
    seen["access"] = [[b.role for b in held.bindings], list(allowed.permissions)]


for part in (topics, subscriptions, with_schema, access):
    part()
print(json.dumps(seen))
