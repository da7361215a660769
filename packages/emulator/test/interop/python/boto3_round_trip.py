"""Drives the emulator through boto3 and prints what it saw as JSON; the test beside it judges."""
import json

import boto3
from botocore.exceptions import ClientError

sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="boto", Attributes={"VisibilityTimeout": "30"}, tags={"team": "a"})["QueueUrl"]
batch = sqs.send_message_batch(
    QueueUrl=url,
    Entries=[
        {
            "Id": str(i),
            "MessageBody": f"body {i}",
            "MessageAttributes": {
                "n": {"DataType": "Number", "StringValue": str(i)},
                "raw": {"DataType": "Binary", "BinaryValue": bytes([0, 255, i])},
            },
        }
        for i in range(10)
    ],
)
received = []
while True:
    messages = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
    ).get("Messages", [])
    if not messages:
        break
    received += messages
    sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
    )

codes = []
for call in (
    lambda: sqs.send_message(QueueUrl=url, MessageBody="\x00"),
    lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11),
    lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21),
    lambda: sqs.get_queue_url(QueueName="nowhere"),
    lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="no-handle"),
):
    try:
        call()
        codes.append("no error")
    except ClientError as error:
        codes.append(error.response["Error"]["Code"])

print(
    json.dumps(
        {
            "sent": len(batch["Successful"]),
            "received": sorted(m["Body"] for m in received),
            "binary": sorted(m["MessageAttributes"]["raw"]["BinaryValue"].hex() for m in received),
            "counts": sorted({m["Attributes"]["ApproximateReceiveCount"] for m in received}),
            "tags": sqs.list_queue_tags(QueueUrl=url)["Tags"],
            "codes": codes,
        }
    )
)
