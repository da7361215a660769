"""Drives the administration API through azure-servicebus and prints what it saw as JSON; the test beside it judges."""
import datetime
import json
import os

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.servicebus.management import (
    AuthorizationRule,
    AccessRights,
    CorrelationRuleFilter,
    FalseRuleFilter,
    ServiceBusAdministrationClient,
    SqlRuleAction,
    SqlRuleFilter,
    TrueRuleFilter,
)

options = {"connection_verify": os.environ["CA_FILE"]} if "CA_FILE" in os.environ else {}
admin = ServiceBusAdministrationClient.from_connection_string(
    os.environ["CONNECTION_STRING"], retry_total=0, **options
)
seen = {}
minutes = datetime.timedelta(minutes=2)
rule = AuthorizationRule(type="SharedAccessAuthorizationRule", claim_type="SharedAccessKey", claim_value="None", rights=[AccessRights.LISTEN], key_name="listen", primary_key="cA==", secondary_key="cw==")
queue = admin.create_queue("orders", lock_duration=minutes, max_delivery_count=3, requires_session=True, user_metadata="<mine>", authorization_rules=[rule])
seen["queue"] = [queue.name, queue.lock_duration == minutes, queue.max_delivery_count, queue.requires_session, queue.user_metadata, queue.authorization_rules[0].key_name]
queue.max_delivery_count = 4
admin.update_queue(queue)
seen["updated"] = admin.get_queue("orders").max_delivery_count
for i in range(3):
    admin.create_queue(f"q{i}")
seen["queues"] = [q.name for q in admin.list_queues()]
seen["runtime"] = [admin.get_queue_runtime_properties("orders").total_message_count, len(list(admin.list_queues_runtime_properties()))]
topic = admin.create_topic("shop/events", default_message_time_to_live=minutes)
subscription = admin.create_subscription("shop/events", "audit", forward_to="q0")
seen["subscription"] = [topic.name, subscription.name, subscription.forward_to.split("/")[-1]]
day = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
admin.create_rule("shop/events", "audit", "sql", filter=SqlRuleFilter("n > @n AND d < @d", parameters={"@n": 5, "@s": "x", "@f": 1.5, "@d": day}), action=SqlRuleAction("SET a = 1"))
admin.create_rule("shop/events", "audit", "exact", filter=CorrelationRuleFilter(label="blue", properties={"k": "v", "n": 7, "b": True}))
admin.create_rule("shop/events", "audit", "yes", filter=TrueRuleFilter())
admin.create_rule("shop/events", "audit", "no", filter=FalseRuleFilter())
sql = admin.get_rule("shop/events", "audit", "sql")
exact = admin.get_rule("shop/events", "audit", "exact")
seen["sql"] = [sql.filter.sql_expression, {k: str(v) for k, v in sorted(sql.filter.parameters.items())}, sql.action.sql_expression]
seen["exact"] = [exact.filter.label, {k: str(v) for k, v in sorted(exact.filter.properties.items())}]
seen["rules"] = [[r.name, type(r.filter).__name__] for r in admin.list_rules("shop/events", "audit")]
admin.delete_rule("shop/events", "audit", "exact")
seen["namespace"] = admin.get_namespace_properties().name


def error_of(action):
    try:
        action()
    except (ResourceNotFoundError, ResourceExistsError) as error:
        return type(error).__name__
    except HttpResponseError as error:
        return [type(error).__name__, error.status_code]
    return None


seen["errors"] = [
    error_of(lambda: admin.get_queue("missing")),
    error_of(lambda: admin.create_queue("orders")),
    error_of(lambda: admin.delete_queue("missing")),
    error_of(lambda: admin.get_subscription("shop/events", "missing")),
    error_of(lambda: admin.create_queue("bad", lock_duration=datetime.timedelta(hours=1))),
]
admin.delete_subscription("shop/events", "audit")
admin.delete_topic("shop/events")
admin.delete_queue("orders")
seen["left"] = [q.name for q in admin.list_queues()] + [t.name for t in admin.list_topics()]
print(json.dumps(seen))
