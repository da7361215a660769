import { describe, expect, test } from "vitest";
import { manualNamespace, sbContent } from "../../../../test/support/service-bus-engine.ts";
import { FOREVER_MS, type QueueSettings } from "./entity-settings.ts";

const EXISTS = expect.objectContaining({ condition: "com.microsoft:entity-already-exists" });
const NOT_FOUND = expect.objectContaining({ condition: "amqp:not-found" });
const NOT_ALLOWED = expect.objectContaining({ condition: "amqp:not-allowed" });
const OUT_OF_RANGE = expect.objectContaining({ condition: "com.microsoft:argument-out-of-range" });

describe("names", () => {
  test("compare without case and keep the case of their creation", () => {
    const { namespace } = manualNamespace();
    const queue = namespace.createQueue("Orders");
    const topic = namespace.createTopic("Events");
    const subscription = namespace.createSubscription("EVENTS", "Audit");
    expect([namespace.queue("ORDERS"), namespace.topic("events")]).toEqual([queue, topic]);
    expect(namespace.findMailbox("orders")).toBe(queue.mailbox);
    expect(namespace.findMailbox("events/subscriptions/AUDIT")).toBe(subscription.mailbox);
    expect(subscription.mailbox.path).toBe("Events/Subscriptions/Audit");
  });

  test("are unique among queues and topics, and among the subscriptions of a topic", () => {
    const { namespace } = manualNamespace();
    namespace.createQueue("a");
    namespace.createTopic("b");
    namespace.createSubscription("b", "s");
    expect(() => namespace.createTopic("A")).toThrow(EXISTS);
    expect(() => namespace.createQueue("B")).toThrow(EXISTS);
    expect(() => namespace.createSubscription("b", "S")).toThrow(EXISTS);
  });

  test("are listed in order", () => {
    const { namespace } = manualNamespace();
    for (const name of ["c", "a", "b"]) {
      namespace.createQueue(name);
      namespace.createTopic(`t-${name}`);
      namespace.createSubscription("t-c", name);
    }
    expect(namespace.queues().map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(namespace.topics().map(({ name }) => name)).toEqual(["t-a", "t-b", "t-c"]);
    expect(
      namespace
        .topic("t-c")
        ?.subscriptions()
        .map(({ name }) => name),
    ).toEqual(["a", "b", "c"]);
  });
});

describe("addresses", () => {
  test("of nothing are not found, with the text that clients read", () => {
    const { namespace } = manualNamespace();
    namespace.createTopic("t");
    for (const path of ["x", "x/$DeadLetterQueue", "t/Subscriptions/x", "x/Subscriptions/y"])
      expect(() => namespace.findMailbox(path)).toThrow(
        `The messaging entity 'sb://test/${path}' could not be found.`,
      );
    expect(() => namespace.findTarget("x")).toThrow(NOT_FOUND);
    expect(() => namespace.findSubscription("t/Subscriptions/x")).toThrow(NOT_FOUND);
  });

  test("of the wrong kind are refused", () => {
    const { namespace } = manualNamespace();
    namespace.createQueue("q");
    namespace.createTopic("t");
    namespace.createSubscription("t", "s");
    expect(() => namespace.findMailbox("t")).toThrow(NOT_ALLOWED);
    expect(() => namespace.findTarget("t/Subscriptions/s")).toThrow(NOT_FOUND);
    expect(() => namespace.findTarget("q/$DeadLetterQueue")).toThrow(NOT_FOUND);
    expect(() => namespace.findSubscription("q")).toThrow(NOT_FOUND);
    expect(() => namespace.updateQueue("t", {})).toThrow(NOT_FOUND);
    expect(() => namespace.createSubscription("q", "s")).toThrow(NOT_FOUND);
  });

  test("lead to rules", () => {
    const { namespace } = manualNamespace();
    namespace.createTopic("t");
    const subscription = namespace.createSubscription("t", "s");
    expect(namespace.findSubscription("T/subscriptions/S")).toBe(subscription);
  });
});

describe("settings", () => {
  const badRows: readonly (readonly [string, Partial<QueueSettings>])[] = [
    ["a lock under 5 s", { lockDurationMs: 4_999 }],
    ["a lock over 5 min", { lockDurationMs: 300_001 }],
    ["no delivery", { maxDeliveryCount: 0 }],
    ["half a delivery", { maxDeliveryCount: 1.5 }],
    ["more than 2,000 deliveries", { maxDeliveryCount: 2_001 }],
    ["no time to live", { defaultMessageTimeToLiveMs: 0 }],
    ["a window under 20 s", { duplicateDetectionHistoryMs: 19_999 }],
    ["a window over 7 days", { duplicateDetectionHistoryMs: 7 * 86_400_000 + 1 }],
    ["an idle time under 5 min", { autoDeleteOnIdleMs: 299_999 }],
    ["no size", { maxSizeInMegabytes: 0 }],
    ["messages over 100 MB", { maxMessageSizeInKilobytes: 102_401 }],
    ["metadata over 1,024 characters", { userMetadata: "x".repeat(1_025) }],
  ];
  test.for(badRows)("refuse %s when a queue is created or updated", ([, settings]) => {
    const { namespace } = manualNamespace();
    const good = namespace.createQueue("good");
    expect(() => namespace.createQueue("q", settings)).toThrow(OUT_OF_RANGE);
    expect(() => namespace.updateQueue("good", settings)).toThrow(OUT_OF_RANGE);
    expect([namespace.queue("q"), good.settings.lockDurationMs]).toEqual([undefined, 60_000]);
  });

  test("have in errors the names that clients use", () => {
    const { namespace } = manualNamespace();
    namespace.createQueue("q");
    expect(() => namespace.updateQueue("q", { lockDurationMs: 300_001 })).toThrow(
      "The value of 'LockDuration' must be from PT5S to PT5M, got PT5M0.001S.",
    );
    expect(() => namespace.updateQueue("q", { requiresSession: true })).toThrow(/'RequiresSession'/u);
    expect(() => namespace.createQueue("r", { maxDeliveryCount: 0 })).toThrow(
      "The value of 'MaxDeliveryCount' must be a whole number from 1 to 2000, got 0.",
    );
  });

  test("accept their minimum and maximum", () => {
    const { namespace } = manualNamespace();
    const least = {
      lockDurationMs: 5_000,
      maxDeliveryCount: 1,
      duplicateDetectionHistoryMs: 20_000,
      autoDeleteOnIdleMs: 300_000,
      maxSizeInMegabytes: 1,
      maxMessageSizeInKilobytes: 1,
      userMetadata: "",
    };
    const most = {
      lockDurationMs: 300_000,
      maxDeliveryCount: 2_000,
      duplicateDetectionHistoryMs: 7 * 86_400_000,
      maxSizeInMegabytes: 81_920,
      maxMessageSizeInKilobytes: 102_400,
      userMetadata: "x".repeat(1_024),
    };
    expect(namespace.createQueue("least", least).settings).toMatchObject(least);
    expect(namespace.createQueue("most", most).settings).toMatchObject(most);
  });

  test("default to the service's", () => {
    const { namespace } = manualNamespace();
    expect(namespace.createQueue("q").settings).toMatchObject({
      lockDurationMs: 60_000,
      maxDeliveryCount: 10,
      defaultMessageTimeToLiveMs: FOREVER_MS,
      duplicateDetectionHistoryMs: 600_000,
      maxSizeInMegabytes: 1_024,
      maxMessageSizeInKilobytes: 256,
    });
  });

  test("that are fixed at creation may be repeated, not changed", () => {
    const { namespace } = manualNamespace();
    namespace.createQueue("q", { requiresSession: true });
    namespace.updateQueue("q", { requiresSession: true, maxDeliveryCount: 3 });
    expect(() => namespace.updateQueue("q", { requiresSession: false })).toThrow(NOT_ALLOWED);
    expect(() => namespace.updateQueue("q", { requiresDuplicateDetection: true })).toThrow(
      "cannot be changed after its creation",
    );
  });

  test("apply at once, and the date of the update is kept", async () => {
    const { namespace, clock } = manualNamespace();
    const queue = namespace.createQueue("q");
    await clock.advance(1000);
    namespace.updateQueue("q", { lockDurationMs: 5_000 });
    expect([queue.mailbox.lockDurationMs, queue.updatedAtMs - queue.createdAtMs]).toEqual([5_000, 1000]);
    await clock.advance(1000);
    queue.target.send([sbContent("a")]);
    expect(queue.accessedAtMs).toBe(clock.now());
  });

  test("forward to what exists, not to themselves, and not from sessions", () => {
    const { namespace } = manualNamespace();
    namespace.createQueue("q");
    expect(() => namespace.createQueue("a", { forwardTo: "missing" })).toThrow(NOT_FOUND);
    expect(() => namespace.updateQueue("q", { forwardDeadLetteredMessagesTo: "missing" })).toThrow(NOT_FOUND);
    expect(() => namespace.updateQueue("q", { forwardTo: "Q" })).toThrow("cannot forward to itself");
    expect(() => namespace.createQueue("a", { forwardTo: "q", requiresSession: true })).toThrow(OUT_OF_RANGE);
  });
});

test("reset deletes everything", () => {
  const { namespace, clock } = manualNamespace();
  namespace.createQueue("q", { autoDeleteOnIdleMs: 300_000 });
  namespace.createTopic("t");
  namespace.createSubscription("t", "s", { autoDeleteOnIdleMs: 300_000 });
  namespace.reset();
  expect([namespace.queues(), namespace.topics(), clock.nextDeadline()]).toEqual([[], [], undefined]);
});
