import type { Host, HostParts } from "../host.ts";
import type { InvocationReport } from "../invocation-report.ts";
import { MessagePump, type PumpedMessage } from "../message-pump.ts";
import { requireProvider, type QueuePlace } from "../queue-place.ts";
import { settleMessages } from "../settle-messages.ts";
import type { CloudRunPlan, TokenPlan } from "./cloud-run-plan.ts";
import { HttpService, type ServiceAnswer } from "./http-service.ts";
import { PushBackoff } from "./push-backoff.ts";
import { pushRequest } from "./push-request.ts";

// https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29)
const ACKNOWLEDGING: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

/**
 * A push subscription before a service: one request a message, acknowledged by its status, more slowly while it fails.
 * @throws InvokeError, before any message is taken
 */
export async function openCloudRunHost(plan: CloudRunPlan, parts: HostParts): Promise<Host> {
  const { place, isOnce, onWarning } = parts;
  requireProvider(place, "pubsub", "cloud-run");
  const service = new HttpService({ ...plan, file: parts.file, onLine: parts.onLine });
  try {
    await service.start();
    const pushes = new Pushes(plan, parts, service);
    const pump = await MessagePump.open({
      place,
      batchSize: 1,
      maxConcurrency: plan.maxConcurrency,
      isOnce,
      onBatch: async ([message]) => {
        if (message !== undefined) await pushes.push(message);
      },
      onWarning,
    });
    return {
      greeting: `Pushing the messages of ${place.entity} to ${plan.path}. 102, 200, 201, 202 and 204 acknowledge, everything else and ${plan.timeoutMs / 1_000} s without an answer do not.`,
      run: async (signal) => {
        pushes.endWith(signal);
        await pump.run(signal);
      },
      async close() {
        await pump.close();
        await service.close();
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** One push after the other or side by side, with one back-off for all, as a subscription has it. */
class Pushes {
  readonly #plan: CloudRunPlan;
  readonly #parts: HostParts;
  readonly #service: HttpService;
  readonly #subscription: string;
  readonly #backoff = new PushBackoff();
  /** With --once: what has failed is not pushed again, it stays for the next run. */
  readonly #failedOnce = new Set<string>();
  #stopped: AbortSignal = new AbortController().signal;

  constructor(plan: CloudRunPlan, parts: HostParts, service: HttpService) {
    this.#plan = plan;
    this.#parts = parts;
    this.#service = service;
    this.#subscription = subscriptionName(parts.place);
  }

  endWith(signal: AbortSignal): void {
    this.#stopped = signal;
  }

  async push(message: PumpedMessage): Promise<void> {
    const { isOnce, onReport } = this.#parts;
    if (isOnce && this.#failedOnce.has(message.providerId)) return; // held, and given back at the end
    await this.#backoff.untilOver(this.#stopped);
    if (this.#stopped.aborted) return;
    const startedAtMs = performance.now();
    const answer = await this.#post(message);
    const durationMs = performance.now() - startedAtMs;
    const isAcknowledged = answer.kind === "status" && ACKNOWLEDGING.has(answer.status);
    this.#backoff.count(isAcknowledged);
    if (!isAcknowledged) this.#failedOnce.add(message.providerId);
    await settleMessages([message], isAcknowledged, this.#parts);
    const messageIds = [message.providerId];
    onReport({
      requestId: message.providerId,
      messageIds,
      outcome: outcomeOf(answer, isAcknowledged),
      failedIds: isAcknowledged ? [] : messageIds,
      error: isAcknowledged ? undefined : errorOf(answer),
      durationMs,
    });
  }

  async #post(message: PumpedMessage): Promise<ServiceAnswer> {
    const request = pushRequest(message, this.#subscription);
    const authorization = await authorize(this.#plan.token);
    return await this.#service.post({ ...request, headers: { ...request.headers, ...authorization } });
  }
}

async function authorize(token: TokenPlan | undefined): Promise<Readonly<Record<string, string>>> {
  if (token === undefined) return {};
  const { from, audience, email } = token;
  const { controlClient } = await import("@anyqueue/emulator");
  const signed = await controlClient(from).signToken({ audience, email });
  return { authorization: `Bearer ${signed}` };
}

/** Of a queue whose topic and subscription have two names, `topic/subscription`, it is the second. */
function subscriptionName({ authority, entity }: QueuePlace): string {
  if (entity.startsWith("projects/")) return entity.replace("/topics/", "/subscriptions/");
  return `projects/${authority}/subscriptions/${entity.slice(entity.indexOf("/") + 1)}`;
}

function outcomeOf(answer: ServiceAnswer, isAcknowledged: boolean): InvocationReport["outcome"] {
  if (answer.kind !== "status") return answer.kind;
  return isAcknowledged ? "ok" : "error";
}

function errorOf(answer: ServiceAnswer): string {
  if (answer.kind === "status") return `it answered ${answer.status}`;
  return answer.kind === "timeout" ? "no answer within the ack deadline" : answer.reason;
}
