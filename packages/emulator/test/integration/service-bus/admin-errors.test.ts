import { describe, expect, test } from "vitest";
import {
  administrationClient,
  all,
  refusalOf,
  runAdministration,
} from "../../support/running-administration.ts";
import { errorOf, until } from "../../support/running-emulator.ts";

async function refusalsOf(calls: readonly (() => Promise<unknown>)[]) {
  return await Promise.all(calls.map((call) => refusalOf(call())));
}

describe("what does not exist", () => {
  test.each(["getQueue", "getQueueRuntimeProperties", "getTopic", "getTopicRuntimeProperties"] as const)(
    "%s answers nothing, which the client calls not found",
    async (operation) => {
      const { admin } = await runAdministration();
      expect(await refusalOf(admin[operation]("missing"))).toMatchObject({
        code: "MessageEntityNotFoundError",
        status: 200,
      });
    },
  );

  test("everything else is refused with 404", async () => {
    const { admin } = await runAdministration();
    const queue = await admin.createQueue("orders");
    await admin.deleteQueue("orders");
    await admin.createTopic("events");
    const subscription = await admin.createSubscription("events", "audit");
    const notFound = { code: "MessageEntityNotFoundError", status: 404 };
    const refusals = await refusalsOf([
      () => admin.updateQueue(queue),
      () => admin.deleteQueue("orders"),
      () => admin.deleteTopic("missing"),
      () => admin.getSubscription("events", "missing"),
      () => admin.getSubscription("missing", "audit"),
      () => admin.createSubscription("missing", "audit"),
      () => admin.updateSubscription({ ...subscription, subscriptionName: "missing" }),
      () => admin.deleteSubscription("events", "missing"),
      () => admin.getRule("events", "audit", "missing"),
      () => admin.createRule("events", "missing", "r", { subject: "x" }),
      () => admin.deleteRule("events", "audit", "missing"),
      () => all(admin.listSubscriptions("missing")),
      () => all(admin.listRules("events", "missing")),
      () => admin.createQueue("forwarding", { forwardTo: "missing" }),
    ]);
    expect(refusals).toEqual(refusals.map(() => expect.objectContaining(notFound)));
    expect((await refusalOf(admin.deleteQueue("orders"))).message).toMatch(
      /^The messaging entity '.*orders' could not be found\. TrackingId:\S+, SystemTracker:127\.0\.0\.1:\d+, Timestamp:\S+$/u,
    );
  });
});

test("what exists cannot be created again, whatever its case and its kind", async () => {
  const { admin } = await runAdministration();
  await admin.createQueue("orders");
  await admin.createTopic("events");
  await admin.createSubscription("events", "audit");
  const exists = { code: "MessageEntityAlreadyExistsError", status: 409 };
  const refusals = await refusalsOf([
    () => admin.createQueue("Orders"),
    () => admin.createTopic("orders"),
    () => admin.createQueue("EVENTS"),
    () => admin.createSubscription("events", "AUDIT"),
    () => admin.createRule("events", "audit", "$default", { subject: "x" }),
  ]);
  expect(refusals).toEqual(refusals.map(() => expect.objectContaining(exists)));
});

describe("settings that the service refuses", () => {
  test.each([
    ["lockDuration", "PT4.9S"],
    ["lockDuration", "PT5M1S"],
    ["lockDuration", "one minute"],
    ["maxDeliveryCount", 0],
    ["maxDeliveryCount", 2001],
    ["defaultMessageTimeToLive", "PT0S"],
    ["duplicateDetectionHistoryTimeWindow", "PT19S"],
    ["duplicateDetectionHistoryTimeWindow", "P8D"],
    ["autoDeleteOnIdle", "PT4M"],
    ["maxSizeInMegabytes", 0],
    ["status", "Sleeping"],
    ["userMetadata", "x".repeat(1025)],
  ])("%s %j", async (name, value) => {
    const { admin } = await runAdministration();
    const refusal = await refusalOf(admin.createQueue("orders", { [name]: value }));
    expect(refusal).toMatchObject({ code: "ServiceError", status: 400 });
    expect(refusal.message).toMatch(/^SubCode=40000\. /u);
    expect(await admin.queueExists("orders")).toBe(false);
  });

  test.each([
    ["of more than 260 characters", "x".repeat(261)],
    ["that begins with a hyphen", "-orders"],
    ["that ends with a dot", "orders."],
    ["with a space", "or ders"],
    ["with a number sign", "or#ders"],
  ])("a name %s", async (_what, name) => {
    const { admin } = await runAdministration();
    expect((await refusalOf(admin.createQueue(encodeURIComponent(name)))).status).toBe(400);
  });

  test("changing what is fixed at creation", async () => {
    const { admin } = await runAdministration();
    const queue = await admin.createQueue("orders");
    const topic = await admin.createTopic("events");
    const subscription = await admin.createSubscription("events", "audit");
    const refused = { code: "ServiceError", status: 400 };
    const refusals = await refusalsOf([
      () => admin.updateQueue({ ...queue, requiresSession: true }),
      () => admin.updateQueue({ ...queue, requiresDuplicateDetection: true }),
      () => admin.updateQueue({ ...queue, enablePartitioning: true }),
      () => admin.updateTopic({ ...topic, requiresDuplicateDetection: true }),
      () => admin.updateSubscription({ ...subscription, requiresSession: true }),
    ]);
    expect(refusals).toEqual(refusals.map(() => expect.objectContaining(refused)));
    expect(await admin.getQueue("orders")).toMatchObject({ requiresSession: false });
  });

  test("forwarding to oneself", async () => {
    const { admin } = await runAdministration();
    const queue = await admin.createQueue("orders");
    const refusal = await refusalOf(admin.updateQueue({ ...queue, forwardTo: "orders" }));
    expect(refusal).toMatchObject({ code: "ServiceError", status: 400 });
    expect(refusal.message).toContain("cannot forward to itself");
  });
});

describe("tokens", () => {
  test("any key will do unless they are checked", async () => {
    const { connectionString } = await runAdministration();
    const other = administrationClient(
      connectionString.replace(/SharedAccessKey=\w+/u, "SharedAccessKey=other"),
    );
    expect(await other.queueExists("orders")).toBe(false);
  });

  test.each([
    ["another key", /SharedAccessKey=\w+/u, "SharedAccessKey=other", "SubCode=40103"],
    ["another policy", /SharedAccessKeyName=\w+/u, "SharedAccessKeyName=other", "SubCode=40103"],
  ])("%s is refused where they are", async (_name, part, replacement, message) => {
    const { admin, connectionString } = await runAdministration("plain HTTP", { strictTokens: true });
    await admin.createQueue("orders");
    const other = administrationClient(connectionString.replace(part, replacement));
    const refusal = await refusalOf(other.getQueue("orders"));
    expect(refusal).toMatchObject({ code: "UnauthorizedRequestError", status: 401 });
    expect(refusal.message).toContain(message);
  });

  test("no token is refused where they are checked", async () => {
    const { emulator } = await runAdministration("plain HTTP", { strictTokens: true });
    const response = await fetch(`http://${emulator.endpoints.serviceBus}/orders`);
    expect(response.status).toBe(401);
  });
});

describe("faults", () => {
  test.each([
    [{ kind: "throttle" }, { code: "ServerBusyError", status: 503 }],
    [{ kind: "unauthorized" }, { code: "UnauthorizedRequestError", status: 401 }],
    [
      { kind: "error", condition: "amqp:resource-limit-exceeded", description: "Too many queues." },
      { code: "QuotaExceededError", status: 403 },
    ],
    [
      { kind: "error", condition: "amqp:internal-error" },
      { code: "InternalServerError", status: 500 },
    ],
  ] as const)("%j is what the client sees, once", async (action, refusal) => {
    const { admin, emulator } = await runAdministration();
    const id = emulator.faults.add({ operation: "CreateQueue", queue: "orders", count: 1, action });
    expect(await refusalOf(admin.createQueue("orders"))).toMatchObject(refusal);
    expect((await admin.createQueue("orders")).name).toBe("orders");
    expect(emulator.log.entries()[0]).toMatchObject({
      protocol: "service-bus",
      wire: "atom",
      operation: "CreateQueue",
      queue: "orders",
      outcome: "error",
      status: refusal.status,
      faults: [id],
    });
  });

  test("a lost answer leaves the queue there", async () => {
    const { admin, emulator } = await runAdministration();
    emulator.faults.add({ operation: "CreateQueue", when: "after", count: 1, action: { kind: "reset" } });
    expect((await refusalOf(admin.createQueue("orders"))).code).toMatch(/ECONNRESET|REQUEST_SEND_ERROR/u);
    expect(await admin.queueExists("orders")).toBe(true);
    expect(emulator.log.entries().map(({ operation, outcome }) => [operation, outcome])).toEqual([
      ["CreateQueue", "reset"],
      ["GetQueue", "ok"],
    ]);
  });

  test("a delay passes in engine time", async () => {
    const { admin, emulator } = await runAdministration();
    emulator.faults.add({ operation: "GetNamespace", action: { kind: "delay", ms: 3_600_000 } });
    const asked = admin.getNamespaceProperties();
    await until(() => emulator.log.count("GetNamespace") === 1);
    await emulator.clock.advance(3_600_000);
    expect(await asked).toMatchObject({ name: "anyqueue" });
  });

  test("a client that gives up gets no answer and does no harm", async () => {
    const { admin, emulator } = await runAdministration();
    emulator.faults.add({ operation: "GetNamespace", count: 1, action: { kind: "hold" } });
    const giveUp = new AbortController();
    const asked = admin.getNamespaceProperties({ abortSignal: giveUp.signal });
    const [outcome] = await Promise.all([
      errorOf(asked),
      until(() => emulator.log.count("GetNamespace") === 1).then(() => {
        giveUp.abort();
      }),
    ]);
    expect(outcome).toMatchObject({ name: "AbortError" });
    expect((await admin.getNamespaceProperties()).name).toBe("anyqueue");
    expect(emulator.log.entries()[0]).toMatchObject({ outcome: "held" });
  });
});

describe("requests that no client of the vendor sends", () => {
  const cases: readonly (readonly [string, string, RequestInit, number])[] = [
    ["the root", "/", {}, 404],
    ["an unknown resource", "/$Resources/Relays", {}, 400],
    ["a page that is no number", "/$Resources/Queues?$skip=many", {}, 400],
    ["another method", "/orders", { method: "PATCH" }, 405],
    ["a list that is written", "/$Resources/Queues", { method: "DELETE" }, 405],
    ["no body", "/orders", { method: "PUT" }, 400],
    ["a body that is not XML", "/orders", { method: "PUT", body: "{}" }, 400],
    ["an entry without a description", "/orders", { method: "PUT", body: "<entry/>" }, 400],
    [
      "a rule where a queue belongs",
      "/orders",
      { method: "PUT", body: "<entry><content><RuleDescription/></content></entry>" },
      400,
    ],
  ];
  test.each(cases)("%s", async (_name, path, init, status) => {
    const { emulator } = await runAdministration();
    const response = await fetch(`http://${emulator.endpoints.serviceBus}${path}`, init);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(
      new RegExp(`^<\\?xml version="1.0" encoding="utf-8"\\?><Error><Code>${status}</Code><Detail>`, "u"),
    );
  });

  test("a queue is created from a minimal description", async () => {
    const { admin, emulator } = await runAdministration();
    const body = "<entry><content><QueueDescription/></content></entry>";
    const response = await fetch(`http://${emulator.endpoints.serviceBus}/orders`, { method: "PUT", body });
    expect(response.status).toBe(201);
    expect(response.headers.get("content-type")).toContain("application/atom+xml");
    expect(await admin.getQueue("orders")).toMatchObject({ maxDeliveryCount: 10 });
  });
});
