import { createRequire } from "node:module";
import { defineQueue } from "@anyqueue/core";
import { describe, expect, test } from "vitest";
import type { Runtime } from "../../src/deploy-files/deployment.ts";
import { deduplicated, ordered, plain, RUNTIMES, subscription, textOf, type Given } from "./a-deployment.ts";

/** Not imported, since that would bring browser types into every file of the repository. */
const require = createRequire(import.meta.url);
const { parse } = require("@cdktf/hcl2json") as { parse(file: string, text: string): Promise<Parsed> };

interface Parsed {
  readonly resource: Readonly<
    Record<string, Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>>
  >;
  readonly data?: Parsed["resource"];
  readonly variable: Readonly<Record<string, unknown>>;
}

async function parsed(
  definition: Given,
  runtime: Runtime,
  given: Parameters<typeof textOf>[3] = {},
): Promise<Parsed> {
  return await parse("main.tf", textOf(definition, runtime, "terraform", given));
}

function one(all: Parsed, type: string, name: string): Readonly<Record<string, unknown>> {
  return all.resource[type]?.[name]?.[0] ?? {};
}

const DEFINITIONS = {
  "a queue": plain,
  "an ordered queue": ordered,
  "a subscription": subscription,
  "a queue whose name begins with a digit": defineQueue("2fast"),
} as const;

/** Lambda does not read subscriptions, and Pub/Sub does not accept such a name. */
const IMPOSSIBLE = new Set(["a subscription lambda", "a queue whose name begins with a digit cloud-run"]);

const ALL = RUNTIMES.flatMap((runtime) =>
  (Object.keys(DEFINITIONS) as (keyof typeof DEFINITIONS)[]).map((what) => [what, runtime] as const),
).filter(([what, runtime]) => !IMPOSSIBLE.has(`${what} ${runtime}`));

describe("Terraform", () => {
  test.each(ALL)("of %s for %s parses, and everything that it refers to is in it", async (what, runtime) => {
    const all = await parsed(DEFINITIONS[what], runtime);
    const text = textOf(DEFINITIONS[what], runtime, "terraform");
    const declared = (of: Parsed["resource"] = {}): string[] =>
      Object.entries(of).flatMap(([type, names]) => Object.keys(names).map((name) => `${type}.${name}`));
    const known = new Set([
      ...declared(all.resource),
      ...declared(all.data).map((name) => `data.${name}`),
      ...Object.keys(all.variable).map((name) => `var.${name}`),
    ]);
    const used = [
      ...text.matchAll(/(?<![\w."-])(?:data\.)?(?:aws|azurerm|google|var)[a-z_0-9]*\.[a-z_0-9]+/g),
    ].map(([name]) => name);
    expect(used.length).toBeGreaterThan(2);
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  test("for Lambda has the mapping's flag, six times the timeout, and a redrive policy", async () => {
    const all = await parsed(plain, "lambda", { over: { timeoutS: 20, concurrency: 7 } });
    expect(one(all, "aws_sqs_queue", "orders")).toMatchObject({
      name: "orders",
      visibility_timeout_seconds: 120,
      message_retention_seconds: 1_209_600,
    });
    expect(String(one(all, "aws_sqs_queue", "orders")["redrive_policy"])).toContain("maxReceiveCount = 10");
    expect(one(all, "aws_lambda_event_source_mapping", "orders")).toMatchObject({
      function_response_types: ["ReportBatchItemFailures"],
      scaling_config: [{ maximum_concurrency: 7 }],
    });
  });

  test("for Azure has lock, deliveries and sessions, and the right to receive alone", async () => {
    const all = await parsed(ordered, "azure-functions", { over: { timeoutS: 240 } });
    expect(one(all, "azurerm_servicebus_queue", "orders")).toMatchObject({
      name: "orders",
      lock_duration: "PT4M",
      max_delivery_count: 10,
      requires_session: true,
    });
    expect(one(all, "azurerm_role_assignment", "orders")).toMatchObject({
      role_definition_name: "Azure Service Bus Data Receiver",
      scope: "${azurerm_servicebus_queue.orders.id}",
    });
    expect(
      one(await parsed(deduplicated, "azure-functions"), "azurerm_servicebus_queue", "orders"),
    ).toMatchObject({
      requires_duplicate_detection: true,
      requires_session: false,
    });
  });

  test("for a subscription makes its topic too", async () => {
    const azure = await parsed(subscription, "azure-functions");
    expect(one(azure, "azurerm_servicebus_topic", "shop_events_billing")).toMatchObject({
      name: "shop-events",
    });
    expect(one(azure, "azurerm_servicebus_subscription", "shop_events_billing")).toMatchObject({
      name: "billing",
    });
    const google = await parsed(subscription, "cloud-run");
    expect(one(google, "google_pubsub_topic", "shop_events_billing")).toMatchObject({ name: "shop-events" });
    expect(one(google, "google_pubsub_subscription", "shop_events_billing")).toMatchObject({
      name: "shop-events-billing",
    });
  });

  test("for Cloud Run waits before a retry as the definition does", async () => {
    const soon = defineQueue("orders", { retry: { delay: "2s" } });
    expect(one(await parsed(soon, "cloud-run"), "google_pubsub_subscription", "orders")).toMatchObject({
      retry_policy: [{ minimum_backoff: "2s", maximum_backoff: "2s" }],
    });
    expect(one(await parsed(plain, "cloud-run"), "google_pubsub_subscription", "orders")).toMatchObject({
      retry_policy: [{ minimum_backoff: "1s", maximum_backoff: "300s" }],
    });
  });

  test("for Cloud Run pushes with a token, keeps dead letters, and grants what that needs", async () => {
    const all = await parsed(ordered, "cloud-run", { over: { concurrency: 200 } });
    expect(one(all, "google_pubsub_subscription", "orders")).toMatchObject({
      ack_deadline_seconds: 30,
      enable_message_ordering: true,
      push_config: [
        {
          push_endpoint: "${google_cloud_run_v2_service.orders.uri}",
          oidc_token: [
            {
              service_account_email: "${google_service_account.orders_push.email}",
              audience: "${google_cloud_run_v2_service.orders.uri}",
            },
          ],
        },
      ],
      retry_policy: [{ minimum_backoff: "90s", maximum_backoff: "90s" }],
      dead_letter_policy: [{ max_delivery_attempts: 10 }],
    });
    expect(one(all, "google_cloud_run_v2_service", "orders")).toMatchObject({
      template: [{ max_instance_request_concurrency: 67, scaling: [{ max_instance_count: 3 }] }],
    });
    const roles = Object.values(all.resource)
      .flatMap((names) => Object.values(names))
      .flatMap(([resource]) => (resource?.["role"] === undefined ? [] : [JSON.stringify(resource["role"])]));
    expect(roles.toSorted()).toEqual([
      '"roles/iam.serviceAccountTokenCreator"',
      '"roles/pubsub.publisher"',
      '"roles/pubsub.subscriber"',
      '"roles/run.invoker"',
    ]);
    expect(one(all, "google_pubsub_subscription", "orders_dead")).toMatchObject({ name: "orders-dead" });
    // Cloud Run itself lets in only the pushes, and the source must know the ack deadline.
    const text = textOf(ordered, "cloud-run", "terraform", { over: { timeoutS: 45 } });
    expect(text).toContain('pushRequests({ trustPlatform: true, ackDeadline: "45s" })');
  });

  test("for Cloud Run ends no request before the ack deadline, which is 10 s at least", async () => {
    const all = await parsed(plain, "cloud-run", { over: { timeoutS: 5 } });
    expect(one(all, "google_pubsub_subscription", "orders")).toMatchObject({ ack_deadline_seconds: 10 });
    expect(one(all, "google_cloud_run_v2_service", "orders")).toMatchObject({
      template: [{ timeout: "10s" }],
    });
  });

  test("writes a name as a text, whatever is in it", async () => {
    const config = { queues: { orders: { name: "orders%7B${x}", deadLetter: "dead" } } };
    await expect(parsed(plain, "lambda", { config })).rejects.toThrow("its address");
    const odd = { queues: { orders: { name: "a/b%{c", deadLetter: "dead" } } };
    await expect(parsed(plain, "lambda", { config: odd })).rejects.toThrow("its address");
  });

  test("for Cloud Run gives each subscription of a project a service and an account of its own", async () => {
    const long = (end: string): Given => defineQueue(`customer-orders-of-the-whole-wide-world-${end}`);
    const named = (name: string): Parameters<typeof textOf>[3] => ({ config: { queues: { orders: name } } });
    const all: [Given, Parameters<typeof textOf>[3]][] = [
      [plain, {}],
      [plain, { config: { prefix: "prod-" } }],
      [plain, named("Orders")],
      [plain, named("orders-")],
      [plain, named("o.rders")],
      [plain, named("o-rders")],
      [long("created"), {}],
      [long("updated"), {}],
    ];
    const found = await Promise.all(
      all.map(async ([definition, given]) => {
        const { resource } = await parsed(definition, "cloud-run", given);
        const only = (type: string, field: string): string =>
          String(Object.values(resource[type] ?? {})[0]?.[0]?.[field]);
        return [
          only("google_cloud_run_v2_service", "name"),
          only("google_service_account", "account_id"),
        ] as const;
      }),
    );
    const services = found.map(([service]) => service);
    const accounts = found.map(([, account]) => account);
    expect([services[0], accounts[1]]).toEqual(["orders-push", "prod-orders-push"]);
    expect(new Set(services).size).toBe(all.length);
    expect(new Set(accounts).size).toBe(all.length);
    for (const service of services) expect(service).toMatch(/^[a-z]([-a-z0-9]{0,47}[a-z0-9])$/);
    for (const account of accounts) expect(account).toMatch(/^[a-z]([-a-z0-9]{4,28}[a-z0-9])$/);
  });
});
