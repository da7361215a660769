// Measures what a span for each send request costs, with ten messages per request as on SQS. Segments with
// and without spans take turns, and the median of their differences counts.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createClient, defineQueue, type QueueEvents } from "@anyqueue/core";
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { BasicTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { BareQueue, bare } from "../bare/bare-provider.ts";
import { median } from "../report/median.ts";
import { tell } from "./tell.ts";

const SEGMENTS = 40;
const REQUESTS = 1_000;
const BATCH = 10;

class DroppingQueue extends BareQueue {
  override async accept(): Promise<void> {
    await nextTurn();
  }
}

let spans = 0;
const counting: SpanProcessor = {
  onStart: () => {},
  onEnd: (span) => {
    if (span.kind === SpanKind.PRODUCER) spans += 1;
  },
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

const client = createClient("bare:", [bare(new DroppingQueue())]);
const producer = client.producer(defineQueue<{ id: string }>("bench", { deadLetter: "none" }));
const body = { id: "order-1" };
/** Looks for a registered provider at each call until there is one. */
const tracer = trace.getTracer("anyqueue");

/** Makes a span as an application does, with names from OpenTelemetry's conventions for messaging. */
function onSend(message: unknown): void {
  const { target, count, failed, durationMs } = message as QueueEvents["send"];
  const span = tracer.startSpan(`send ${target}`, {
    kind: SpanKind.PRODUCER,
    startTime: Date.now() - durationMs,
    attributes: {
      "messaging.system": "bare",
      "messaging.operation.type": "send",
      "messaging.operation.name": "send",
      "messaging.destination.name": target,
      "messaging.batch.message_count": count,
    },
  });
  if (failed > 0) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

const apiOnlyMicros = await costOfSpan();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [counting] }));
const sampledMicros = await costOfSpan();
if (spans !== REQUESTS * SEGMENTS) throw new Error(`${spans} spans of ${REQUESTS * SEGMENTS} requests`);
tell({ apiOnlyMicrosPerMessage: apiOnlyMicros / BATCH, microsPerSampledSpan: sampledMicros });

async function costOfSpan(): Promise<number> {
  const differences: number[] = [];
  for (let nth = 0; nth < SEGMENTS; nth += 1) {
    const without = await microsPerRequest();
    subscribe("anyqueue:send", onSend);
    differences.push((await microsPerRequest()) - without);
    unsubscribe("anyqueue:send", onSend);
  }
  return median(differences);
}

async function microsPerRequest(): Promise<number> {
  const before = process.cpuUsage();
  for (let nth = 0; nth < REQUESTS; nth += 1) {
    for (let others = 1; others < BATCH; others += 1) void producer.send(body);
    // All sends of one turn go out in one request.
    await producer.send(body);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}
