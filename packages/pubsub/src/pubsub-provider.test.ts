import type { ConnectionUrl } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { describe, expect, test, vi } from "vitest";
import { createPubsubClient } from "./index.ts";
import { pubsub } from "./pubsub-provider.ts";

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("it was accepted");
}

const url = (authority: string, parameters: Record<string, string> = {}): ConnectionUrl => ({
  scheme: "pubsub",
  authority,
  path: "",
  parameters,
  text: `pubsub://${authority}`,
});
const context = { clock: createVirtualClock() };

/** Options with a mistake that the compiler would catch. */
function refused(options: object): unknown {
  return refusalOf(() => pubsub(options));
}

describe("pubsub()", () => {
  test.each([
    ["an unknown option, with a suggestion", { projct: "p" }, /"projct".*did you mean "project"/],
    ["a project that is none", { project: "My Project" }, /`project` is not a Google Cloud project/],
    ["a client that is none", { client: {} }, /`client` is not a PubSub/],
    [
      "settings that are the adapter's own",
      { clientOptions: { emulatorMode: true } },
      /emulatorMode is the adapter's own/,
    ],
    ["a place in the SDK's settings", { clientOptions: { apiEndpoint: "x" } }, /apiEndpoint.*`endpoint`/],
    ["unknown provisioning", { provisioning: { exactlyonce: true } }, /provisioning.exactlyonce/],
    ["a backoff that shrinks", { provisioning: { retryPolicy: { min: "5s", max: "1s" } } }, /retryPolicy/],
    [
      "a backoff that is none",
      { provisioning: { retryPolicy: { min: "soon", max: "1s" } } },
      /retryPolicy\.min/,
    ],
    [
      "a filter that is too long",
      { provisioning: { filters: { orders: "x".repeat(257) } } },
      /filters\.orders/,
    ],
    ["filters that are none", { provisioning: { filters: "billing" } }, /filters` is not a record/],
    ["no filters", { provisioning: { filters: null } }, /filters` is not a record/],
    ["a replay that is too short", { provisioning: { replay: "9m" } }, /10m to 31d/],
    ["a replay that is no time", { provisioning: { replay: "soon" } }, /provisioning.replay/],
    ["no backoff", { provisioning: { retryPolicy: null } }, /retryPolicy` is not an object/],
    [
      "an unknown key of a backoff",
      { provisioning: { retryPolicy: { min: "1s", max: "2s", mx: "3s" } } },
      /unknown option provisioning\.retryPolicy\.mx/,
    ],
    ["settings of the client that are none", { clientOptions: 5 }, /`clientOptions` is not an object/],
    ["an endpoint that is no text", { endpoint: 8085 }, /`endpoint` is not a text/],
    ["provisioning that is none", { provisioning: 7 }, /`provisioning` is not an object/],
  ])("refuses %s", (_, options, message) => {
    expect(refused(options)).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });

  test("refuses a client certificate that the SDK would leave out, and takes it where it is used", () => {
    const clientOptions = { cert: "a certificate", key: "its key" };
    expect(refused({ clientOptions })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("GOOGLE_API_USE_CLIENT_CERTIFICATE=true"),
    });
    vi.stubEnv("GOOGLE_API_USE_CLIENT_CERTIFICATE", "true");
    expect(pubsub({ clientOptions }).scheme).toBe("pubsub");
    expect(refused({ clientOptions: { cert: "a certificate" } })).toMatchObject({
      message: expect.stringContaining("go together"),
    });
  });

  test("refuses everything that a client says itself beside one", () => {
    const client = { getClientConfig: async () => ({}) };
    expect(refused({ client, project: "p", endpoint: "127.0.0.1:1" })).toMatchObject({
      message: expect.stringMatching(/`client` and `project`.*`client` and `endpoint`/),
    });
    const provider = pubsub({ client } as object);
    expect(refusalOf(() => provider.connect(url("p", { endpoint: "127.0.0.1:1" }), context))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  test("names every mistake at once", () => {
    const error = refused({ projct: "p", project: "No", provisioning: { exactlyOnce: "yes" } });
    expect(String(error)).toMatch(/projct.*`project`.*exactlyOnce/);
  });

  test.each([null, 7, "p"])("refuses %s for options", (options) => {
    expect(refusalOf(() => Reflect.apply(pubsub, undefined, [options]))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  test("refuses two projects", () => {
    const provider = pubsub({ project: "one-project" });
    expect(refusalOf(() => provider.connect(url("other-project"), context))).toMatchObject({
      message: expect.stringContaining("Say it once"),
    });
    expect(provider.connect(url("one-project"), context).name).toBe("pubsub");
  });

  test("states what is known without asking anybody", () => {
    const adapter = pubsub().connect(url("p"), context);
    const plain = adapter.resolve({ kind: "queue", name: "orders", features: [] });
    const ordered = adapter.resolve({ kind: "queue", name: "orders", features: ["ordering"] });
    expect(plain.name).toBe("pubsub://p/orders");
    expect([plain, ordered].map(({ capabilities }) => capabilities.ordering)).toEqual(["none", "by-key"]);
  });

  test("a subscription is only read, a topic only written", () => {
    const adapter = pubsub().connect(url("p"), context);
    const topic = adapter.resolve({ kind: "topic", name: "events", features: [] });
    const subscription = adapter.resolve({
      kind: "subscription",
      name: "billing",
      topic: "events",
      features: [],
    });
    expect(adapter.openProducer(topic)).toBeDefined();
    expect(
      refusalOf(() =>
        adapter.openConsumer(topic, {
          mode: "pull",
          leaseMs: 10_000,
          flow: { maxOutstanding: 1, lanes: 1 },
          events: { leasesLost: () => {}, fault: () => {} },
        }),
      ),
    ).toMatchObject({ code: "UNSUPPORTED" });
    expect(subscription.entity).toBe("events-billing");
  });
});

test("createPubsubClient splits its options into the connection's and the names'", async () => {
  const client = createPubsubClient({ project: "my-project", prefix: "prod-" });
  expect(refusalOf(() => createPubsubClient({ project: "No Project" }))).toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  await client.close();
});
