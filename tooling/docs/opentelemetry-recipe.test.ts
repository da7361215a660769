import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { defineQueue, type EventListener, type Middleware } from "@anyqueue/core";
import { testQueues } from "@anyqueue/memory";
import {
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type ContextManager,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ROOT } from "../steps.ts";
import { codeFences, readDocument } from "./code-fences.ts";

const DOCUMENT = "docs/guides/observability.md";
const exporter = new InMemorySpanExporter();
const orders = defineQueue<{ fails: boolean }>("orders", { retry: { attempts: 2 } });
const reader = new (class extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
})();
let tracing: Middleware;
let openTelemetryMetrics: () => EventListener;

/** A context manager like that of OpenTelemetry's SDK for Node.js. */
function contextManager(): ContextManager {
  const current = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => current.getStore() ?? ROOT_CONTEXT,
    with: (next, work, self, ...args) => current.run(next, () => work.call(self, ...args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

beforeAll(async () => {
  context.setGlobalContextManager(contextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  ({ tracing, openTelemetryMetrics } = await recipe());
});

afterAll(() => {
  context.disable();
  propagation.disable();
  trace.disable();
  metrics.disable();
});

beforeEach(() => exporter.reset());

interface Recipe {
  readonly tracing: Middleware;
  readonly openTelemetryMetrics: () => EventListener;
}

/** Loads the code that a reader copies, as a module in the root folder. */
async function recipe(): Promise<Recipe> {
  const code = codeFences(DOCUMENT, readDocument(DOCUMENT))
    .map((fence) => fence.code)
    .filter((text) => text.includes("@opentelemetry/api"));
  const folder = join(ROOT, "node_modules", ".cache", "docs");
  const file = join(folder, "opentelemetry-recipe.ts");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, code.join("\n"));
  return (await import(pathToFileURL(file).href)) as Recipe;
}

/** What was counted since the first test: the sum or the number of measurements, by metric and labels. */
async function counted(name: string): Promise<readonly (readonly [Attributes, number])[]> {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const metric = all.find(({ descriptor }) => descriptor.name === name);
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => [
    attributes,
    typeof value === "number" ? value : value.count,
  ]);
}

test("a handler belongs to the trace of its sender, on every attempt, and a failure is marked", async () => {
  await using queues = await testQueues({ client: { middleware: [tracing] } });
  const run = queues.client.consumer(orders).run(({ attributes }) => {
    trace.getTracer("test").startSpan("inside").end();
    expect(attributes["traceparent"]).toMatch(/^00-/);
    throw new Error("down");
  });
  await trace.getTracer("test").startActiveSpan("request", async (span) => {
    await queues.client.producer(orders).send({ fails: true });
    span.end();
  });
  await queues.advance("1h");
  await queues.client.close();
  await run;

  const spans = exporter.getFinishedSpans();
  const named = (name: string) => spans.filter((span) => span.name.startsWith(name));
  const [request] = named("request");
  const [send] = named("send ");
  expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(
    new Set([request?.spanContext().traceId]),
  );
  expect(send?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  const handled = named("process ");
  expect(handled.map(({ attributes }) => attributes["attempt"])).toEqual([1, 2]);
  for (const { parentSpanContext, status, attributes } of handled) {
    expect(parentSpanContext?.spanId).toBe(send?.spanContext().spanId);
    expect(status.message).toContain("down");
    expect(attributes).toMatchObject({
      "messaging.system": "memory",
      "messaging.operation.name": "process",
      "messaging.destination.name": send?.attributes["messaging.destination.name"],
      "messaging.message.id": send?.attributes["messaging.message.id"],
      "error.type": "Error",
    });
  }
  expect(named("inside").map((span) => span.parentSpanContext?.spanId)).toEqual(
    handled.map((span) => span.spanContext().spanId),
  );
});

test("requests, messages, runs and dead letters are counted by what became of them", async () => {
  await using queues = await testQueues({ client: { listener: openTelemetryMetrics() } });
  const run = queues.client.consumer(orders).run(({ body }) => {
    if (body.fails) throw new RangeError("down");
  });
  await queues.client.producer(orders).sendMany([{ body: { fails: true } }, { body: { fails: false } }]);
  await queues.advance("1h");
  await queues.client.close();
  await run;

  const about = (operation: string, more: object = {}) => ({
    "messaging.system": "memory",
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
    "messaging.destination.name": "memory:orders",
    ...more,
  });
  const failed = { "error.type": "RangeError" };
  const runs = [
    [about("process", { "anyqueue.outcome": "release", ...failed }), 1],
    [about("process", { "anyqueue.outcome": "ack" }), 1],
    [about("process", { "anyqueue.outcome": "dead-letter", ...failed }), 1],
  ];
  expect(await counted("messaging.client.sent.messages")).toEqual([[about("send"), 2]]);
  expect(await counted("messaging.client.operation.duration")).toContainEqual([about("send"), 1]);
  expect(await counted("messaging.process.duration")).toEqual(runs);
  expect(await counted("messaging.client.consumed.messages")).toEqual(runs);
  expect(await counted("anyqueue.dead_lettered.messages")).toEqual([[about("process"), 1]]);
});
