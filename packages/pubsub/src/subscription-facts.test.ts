import { describe, expect, test } from "vitest";
import { minBackoffMs, subscriptionFacts } from "./subscription-facts.ts";

const PLAIN = { name: "projects/p/subscriptions/orders", topic: "projects/p/topics/orders" };

describe("subscriptionFacts", () => {
  test("of a plain subscription: no order, no count, acknowledgements that are taken", () => {
    const { capabilities, facts } = subscriptionFacts(
      { ...PLAIN, ackDeadlineSeconds: 20, messageRetentionDuration: { seconds: "604800" } },
      false,
    );
    expect(capabilities).toEqual({
      ordering: "none",
      deliveryCount: "none",
      settle: "accepted",
      exactlyOnceAck: false,
    });
    expect(facts).toEqual({ leaseMs: 20_000, retentionMs: 604_800_000, unknown: [] });
  });

  test("of an ordered, exactly-once one", () => {
    const settings = { ...PLAIN, enableMessageOrdering: true, enableExactlyOnceDelivery: true };
    expect(subscriptionFacts(settings, false).capabilities).toMatchObject({
      ordering: "by-key",
      settle: "confirmed",
      exactlyOnceAck: true,
    });
  });

  test("of one whose topics were deleted: that nothing new comes, and that nothing is dead-lettered", () => {
    const deadLetterPolicy = { deadLetterTopic: "_deleted-topic_", maxDeliveryAttempts: 7 };
    const settings = { ...PLAIN, topic: "_deleted-topic_", deadLetterPolicy };
    const { capabilities, facts } = subscriptionFacts(settings, false);
    expect(capabilities).toMatchObject({ deliveryCount: "approximate" });
    expect(facts).toEqual({
      unknown: [
        expect.stringContaining("topic was deleted: what it holds is all"),
        expect.stringContaining("dead-letter topic was deleted"),
      ],
    });
  });

  test.each([
    ["projects/p/topics/dead", 7, "dead", 7],
    ["projects/other/topics/dead", 0, "projects/other/topics/dead", 5],
  ])(
    "of one with the policy %s after %i",
    (deadLetterTopic, maxDeliveryAttempts, deadLetterEntity, maxDeliveries) => {
      const settings = { ...PLAIN, deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts } };
      const { capabilities, facts } = subscriptionFacts(settings, false);
      expect(capabilities?.deliveryCount).toBe("approximate");
      expect(facts).toMatchObject({ deadLetterEntity, maxDeliveries });
      expect(facts.unknown).toEqual([expect.stringMatching(/roles\/pubsub\.publisher.*gcp-sa-pubsub/)]);
      expect(subscriptionFacts(settings, true).facts.unknown).toEqual([]);
    },
  );
});

test.each([
  [undefined, undefined],
  [{}, undefined],
  [{ retryPolicy: {} }, 10_000],
  [{ retryPolicy: { minimumBackoff: { seconds: 0, nanos: 500_000_000 } } }, 500],
  [{ retryPolicy: { minimumBackoff: { seconds: "30" } } }, 30_000],
])("the shortest backoff of %j is %s ms", (settings, expected) => {
  expect(minBackoffMs(settings)).toBe(expected);
});
