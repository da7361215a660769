import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { freshPubsubDescriptor, PUBSUB_DESCRIPTOR_FILE } from "./pubsub-descriptor.ts";

test("the Pub/Sub descriptor of the emulator is that of the installed client", () => {
  expect(readFileSync(PUBSUB_DESCRIPTOR_FILE, "utf8")).toBe(freshPubsubDescriptor());
});

test("the Pub/Sub descriptor holds the services and nothing of REST", () => {
  const text = freshPubsubDescriptor();
  const { v1 } = JSON.parse(text).nested.google.nested.pubsub.nested;
  expect(Object.keys(v1.nested.Publisher.methods)).toHaveLength(9);
  expect(Object.keys(v1.nested.Subscriber.methods)).toHaveLength(16);
  expect(v1.nested.StreamingPullResponse.fields.subscriptionProperties.type).toBe("SubscriptionProperties");
  expect(text).not.toContain("google.api.http");
});
