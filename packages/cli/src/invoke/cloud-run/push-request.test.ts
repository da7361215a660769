import { expect, test } from "vitest";
import { backoffMs } from "./push-backoff.ts";
import { pushRequest } from "./push-request.ts";

const SUBSCRIPTION = "projects/demo/subscriptions/orders";

test("a push has the message in its wrapper, as the service sends it", () => {
  const native = { deliveryAttempt: 3, message: { attributes: { tenant: "a", "aq-id": "x" } } };
  const enqueuedAt = new Date(Date.UTC(2026, 0, 2));
  const body = new TextEncoder().encode("hello");
  const { body: sent } = pushRequest(
    { providerId: "7", body, enqueuedAt, orderingKey: "k", native },
    SUBSCRIPTION,
  );
  expect(JSON.parse(sent)).toEqual({
    message: {
      attributes: { tenant: "a", "aq-id": "x" },
      data: "aGVsbG8=",
      messageId: "7",
      message_id: "7",
      publishTime: "2026-01-02T00:00:00.000Z",
      publish_time: "2026-01-02T00:00:00.000Z",
      orderingKey: "k",
    },
    subscription: SUBSCRIPTION,
    deliveryAttempt: 3,
  });
});

test("what a message does not have is left out", () => {
  const { body } = pushRequest({ providerId: "7", body: new Uint8Array(), native: {} }, SUBSCRIPTION);
  expect(Object.keys(JSON.parse(body).message)).toEqual([
    "messageId",
    "message_id",
    "publishTime",
    "publish_time",
  ]);
  expect(Object.keys(JSON.parse(body))).toEqual(["message", "subscription"]);
});

test("pushes slow down from a tenth of a second to a minute while they fail", () => {
  expect([0, 1, 2, 3, 10, 11, 99].map(backoffMs)).toEqual([0, 100, 200, 400, 51_200, 60_000, 60_000]);
});
