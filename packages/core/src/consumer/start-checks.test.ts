import { describe, expect, test } from "vitest";
import { FAKE_CAPABILITIES, FAKE_LIMITS, fakeTarget } from "../../test/fake-adapter.ts";
import type { Capabilities } from "../driver/capabilities.ts";
import type { EntityFacts } from "../driver/entity.ts";
import type { Limits } from "../driver/limits.ts";
import { QueueError } from "../errors/queue-error.ts";
import { json } from "../message/codec.ts";
import type { DefinitionDetails } from "../message/queue-definition.ts";
import type { ConsumerOptions } from "../queue-consumer.ts";
import { resolveOptions } from "./resolve-options.ts";
import {
  longestHoldMs,
  mayDelayLonger,
  refuseMisfit,
  startNotices,
  wantedLeaseMs,
  type StartFacts,
} from "./start-checks.ts";

interface Given {
  readonly options?: ConsumerOptions;
  readonly details?: Partial<DefinitionDetails>;
  readonly capabilities?: Partial<Capabilities>;
  readonly lease?: Partial<Limits["lease"]>;
  /** Undefined: nothing could be read. */
  readonly facts?: Partial<EntityFacts>;
}

function start({ options = {}, details, capabilities, lease, facts }: Given): StartFacts {
  return {
    details: { kind: "queue", name: "orders", codec: json(), needs: [], emulate: [], policy: {}, ...details },
    settings: resolveOptions(options, {}),
    target: fakeTarget(
      { kind: "queue", name: "orders", features: [] },
      {
        capabilities: { ...FAKE_CAPABILITIES, ...capabilities },
        limits: { ...FAKE_LIMITS, lease: { ...FAKE_LIMITS.lease, ...lease } },
      },
    ),
    facts: facts === undefined ? undefined : { unknown: [], ...facts },
  };
}

/** Returns the error with which a start is refused; undefined if it is not refused. */
function refusal(given: Given): QueueError | undefined {
  try {
    refuseMisfit(start(given), "fake");
    return undefined;
  } catch (error) {
    if (error instanceof QueueError) return error;
    throw error;
  }
}

const UNDELAYED = { capabilities: { releaseDelay: "none" } } as const;
const SUBSCRIPTION = { kind: "subscription", topic: "events" } as const;

describe("a start is refused", () => {
  test("for an order that the queue does not keep, and only if it is needed", () => {
    const capabilities = { ordering: "none" } as const;
    expect(refusal({ capabilities, details: { needs: ["ordering"] } })).toMatchObject({
      code: "UNSUPPORTED",
      feature: "ordering",
      target: "fake://here/orders",
      remedy: expect.stringContaining("FIFO"),
    });
    expect(refusal({ capabilities })).toBeUndefined();
    expect(refusal({ details: { needs: ["ordering"] } })).toBeUndefined();
  });

  test.each([
    ["counted attempts where nothing counts", {}, {}, "UNSUPPORTED"],
    ["no attempts but unlimited ones", { retry: { attempts: "unlimited" } }, {}, undefined],
    ["nothing on dead letters, that have no budget", {}, { kind: "dead-letter" }, undefined],
  ] as const)("for %s", (_what, options, details, code) => {
    const error = refusal({ capabilities: { deliveryCount: "none" }, options, details });
    expect(error?.code).toBe(code);
    expect(error?.remedy ?? "unlimited").toContain("unlimited");
  });

  test.each([
    [4, "INVALID_ARGUMENT"],
    [5, undefined],
    [6, undefined],
  ])("for five attempts where the service dead-letters after %i: %s", (maxDeliveries, code) => {
    const error = refusal({ facts: { maxDeliveries } });
    expect(error?.code).toBe(code);
    expect(error?.remedy ?? "attempts: 4").toContain("attempts: 4");
    expect(error?.target ?? "fake://here/orders").toBe("fake://here/orders");
  });

  test("for no attempts on dead letters, nor where they are unlimited", () => {
    expect(refusal({ facts: { maxDeliveries: 2 }, details: { kind: "dead-letter" } })).toBeUndefined();
    expect(
      refusal({ facts: { maxDeliveries: 2 }, options: { retry: { attempts: "unlimited" } } }),
    ).toBeUndefined();
  });

  test.each([
    ["a minute that the core can wait", UNDELAYED, "60s", {}, undefined],
    ["more than a minute", UNDELAYED, "61s", {}, "UNSUPPORTED"],
    ["nothing where it is emulated", UNDELAYED, "61s", { emulate: ["delay"] }, undefined],
    ["nothing where another thing is emulated", UNDELAYED, "61s", { emulate: ["ttl"] }, "UNSUPPORTED"],
    ["nothing where the service delays", {}, "61s", {}, undefined],
  ] as const)("for a retry delay of %s", (_what, given, delay, details, code) => {
    const error = refusal({ ...given, options: { retry: { delay } }, details });
    expect(error?.code).toBe(code);
    expect(error?.remedy ?? '60 s, emulate: ["delay"]').toMatch(/60 s.*emulate: \["delay"\]/u);
  });

  test("for a longer delay on a subscription although it is emulated, and says where to go", () => {
    const error = refusal({
      ...UNDELAYED,
      options: { retry: { delay: "61s" } },
      details: { ...SUBSCRIPTION, emulate: ["delay"] },
    });
    expect(error).toMatchObject({ code: "UNSUPPORTED", remedy: expect.stringMatching(/60 s.*forward/u) });
  });

  test.each([
    ["600s", undefined],
    ["601s", "UNSUPPORTED"],
  ] as const)("for a delay of %s where the service delays by ten minutes at most: %s", (delay, code) => {
    const given = {
      capabilities: { releaseDelay: { maxMs: 600_000 } },
      options: { retry: { delay } },
      details: { emulate: ["delay"] },
    } as const;
    const error = refusal(given);
    expect(error?.code).toBe(code);
    expect(error?.remedy ?? "600 s").toContain("600 s");
  });

  test("for no delay that is a function: it is asked later", () => {
    expect(refusal({ ...UNDELAYED, options: { retry: { delay: () => "5m" } } })).toBeUndefined();
    expect(refusal(UNDELAYED)).toBeUndefined();
  });

  test.each([
    ["60s", undefined],
    ["61s", "INVALID_ARGUMENT"],
  ] as const)(
    "for a handler timeout of %s where a minute is the longest hold: %s",
    (handlerTimeout, code) => {
      const error = refusal({ options: { handlerTimeout }, lease: { totalMs: 60_000 } });
      expect(error?.code).toBe(code);
      expect(error?.message ?? "61000 60000").toMatch(/61000.*60000/u);
      expect(refusal({ lease: { totalMs: 60_000 } })).toBeUndefined();
    },
  );

  test.each([
    ["9s", "INVALID_ARGUMENT"],
    ["10s", undefined],
    ["30s", undefined],
    ["31s", "INVALID_ARGUMENT"],
  ] as const)("for a lease of %s where ten to thirty seconds are possible: %s", (lease, code) => {
    const limits = { minMs: 10_000, maxMs: 30_000 };
    const error = refusal({ options: { lease }, lease: limits });
    expect(error?.code).toBe(code);
    expect(error?.message ?? "10000 to 30000").toContain("10000 to 30000");
    const entity = { leaseSetBy: "entity" } as const;
    expect(refusal({ options: { lease }, lease: limits, capabilities: entity })).toBeUndefined();
  });
});

describe("a start notes", () => {
  test.each([
    ["nothing where nothing could be read", {}, []],
    ["what could not be read", { facts: { unknown: ["no right to look"] } }, [/no right/u]],
    ["nothing where there is headroom", { facts: { maxDeliveries: 6 } }, []],
    ["that there is none", { facts: { maxDeliveries: 5 } }, [/after 5 deliveries, as many as attempts/u]],
    [
      "that unlimited attempts have a limit",
      { facts: { maxDeliveries: 5 }, options: { retry: { attempts: "unlimited" } } },
      [/unlimited, but .* after 5/u],
    ],
    ["nothing of it on dead letters", { facts: { maxDeliveries: 5 }, details: { kind: "dead-letter" } }, []],
    [
      "everything at once",
      { facts: { maxDeliveries: 5, unknown: ["a", "b"] } },
      [/^a$/u, /^b$/u, /as many as attempts/u],
    ],
  ] as const)("%s", (_claim, given: Given, texts) => {
    expect(startNotices(start(given))).toEqual(texts.map((text) => expect.stringMatching(text)));
  });
});

describe("the lease that is asked for", () => {
  test.each([
    ["is a minute", {}, 60_000],
    ["is what was wanted", { options: { lease: "20s" } }, 20_000],
    ["is what the service takes at most", { lease: { maxMs: 30_000 } }, 30_000],
    ["is what the service takes at least", { lease: { minMs: 90_000 } }, 90_000],
    [
      "is the entity's where that sets it",
      { capabilities: { leaseSetBy: "entity" }, facts: { leaseMs: 4_000 } },
      4_000,
    ],
    [
      "is what was wanted where the entity's could not be read",
      { capabilities: { leaseSetBy: "entity" }, options: { lease: "20s" }, lease: { maxMs: 5_000 } },
      20_000,
    ],
    ["is not the entity's where the consumer sets it", { facts: { leaseMs: 4_000 } }, 60_000],
  ] as const)("%s", (_claim, given: Given, leaseMs) => {
    expect(wantedLeaseMs(start(given))).toBe(leaseMs);
  });

  test.each([
    [{}, 3_600_000],
    [{ handlerTimeout: "10m" }, 3_600_000],
    [{ handlerTimeout: "2h" }, 7_200_000],
  ] as const)("is renewed for an hour, or as long as a handler may take: %o", (options, ms) => {
    expect(longestHoldMs(resolveOptions(options, {}))).toBe(ms);
  });
});

test.each([
  [{ emulate: ["delay"] }, true],
  [{ emulate: [] }, false],
  [{ ...SUBSCRIPTION, emulate: ["delay"] }, false],
] as const)("a delay may be emulated where a copy reaches nobody else: %o", (details, may) => {
  expect(mayDelayLonger(start({ details }).details)).toBe(may);
});
