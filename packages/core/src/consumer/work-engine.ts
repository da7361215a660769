import { Dispatcher } from "./dispatcher.ts";
import { createEngine, type Engine, type EngineOptions } from "./engine.ts";
import type { ExecutorHooks } from "./executor-options.ts";
import { keyLanesFor, type KeyLanes } from "./key-lanes.ts";
import type { RateLimit } from "./rate-limit.ts";
import { Worker } from "./worker.ts";

/** The engine of what runs handlers, of a consumer or of an event. */
export interface WorkEngine extends Engine {
  readonly lanes: KeyLanes | undefined;
  readonly dispatcher: Dispatcher;
  readonly worker: Worker;
}

export interface WorkEngineOptions extends Omit<EngineOptions, "lanes" | "hooks" | "onWake"> {
  /** Most deliveries in handlers at once. */
  readonly limit: number;
  readonly rateLimit: RateLimit | undefined;
  readonly hooks: Omit<ExecutorHooks, "ready">;
  /** A bound shared with other dispatchers. @default none */
  readonly mayStart?: () => boolean;
  /** Called when the rate allows starts again. */
  readonly onTokens?: () => void;
  /** Called when there may be room. */
  readonly onRoom: () => void;
  /** Called when no handler runs any more. */
  readonly onIdle?: () => void;
  /** Called when runs that go on may have lost their permits. */
  readonly onStopped?: (() => void) | undefined;
  /** Every run ends this long after now, at the latest. @default Infinity */
  readonly endsInMs?: number;
}

/** Wires the dispatcher, the engine and the worker, which need each other. */
export function createWorkEngine(options: WorkEngineOptions): WorkEngine {
  const { setup, settings, opened, hooks, endsInMs = Infinity } = options;
  const { clock, events } = setup;
  const lanes = keyLanesFor(opened.target.capabilities);
  const dispatcher = new Dispatcher({
    ...options,
    clock,
    lanes,
    start: (held, nowMs) => worker.start(held, nowMs),
  });
  const engine = createEngine({
    ...options,
    lanes,
    hooks: {
      ...hooks,
      ready: (held) => {
        dispatcher.offer(held);
        dispatcher.startReady();
      },
    },
    onWake: (held) => {
      worker.wake(held);
    },
  });
  const worker: Worker = new Worker({
    ...options,
    ...engine,
    context: { ...engine.context, endsAtMs: engine.time.quick() + endsInMs },
    target: opened.target.name,
    clock,
    events,
    dispatcher,
    lanes,
    handlerTimeoutMs: settings.handlerTimeoutMs,
  });
  return { ...engine, lanes, dispatcher, worker };
}
