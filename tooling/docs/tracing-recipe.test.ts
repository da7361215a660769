import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { defineQueue, type Middleware } from "@anyqueue/core";
import { testQueues } from "@anyqueue/memory";
import {
  context,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Context,
  type ContextManager,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
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
let tracing: Middleware;

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
  ({ tracing } = await recipe());
});

afterAll(() => {
  context.disable();
  propagation.disable();
  trace.disable();
});

beforeEach(() => exporter.reset());

/** Loads the code that a reader copies, as a module in the root folder. */
async function recipe(): Promise<{ readonly tracing: Middleware }> {
  const [fence] = codeFences(DOCUMENT, readDocument(DOCUMENT)).filter(({ code }) =>
    code.includes("@opentelemetry/api"),
  );
  const folder = join(ROOT, "node_modules", ".cache", "docs");
  const file = join(folder, "tracing-recipe.ts");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, fence?.code ?? "");
  return (await import(pathToFileURL(file).href)) as { readonly tracing: Middleware };
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
  for (const { parentSpanContext, status } of handled) {
    expect(parentSpanContext?.spanId).toBe(send?.spanContext().spanId);
    expect(status.message).toContain("down");
  }
  expect(named("inside").map((span) => span.parentSpanContext?.spanId)).toEqual(
    handled.map((span) => span.spanContext().spanId),
  );
});
