import type { CallLog } from "../../../log/call-log.ts";
import type { EngineTimer } from "../../../time/engine-clock.ts";
import type { VirtualClock } from "../../../time/engine-clock.ts";
import type { WireTime } from "../../../time/wire-time.ts";
import type { Consumer, Delivery } from "../engine/consumer.ts";
import { idOf, projectOf } from "../engine/resource-name.ts";
import type { PushConfig } from "../engine/resources.ts";
import type { Subscription } from "../engine/subscription.ts";
import { PUBSUB_MAX_OUTSTANDING_PUSHES } from "../pubsub-limits.ts";
import type { OidcTokens } from "./oidc-tokens.ts";
import type { PushConnections } from "./post-to-endpoint.ts";
import { pushRequest } from "./push-request.ts";

export interface PushParts {
  readonly clock: VirtualClock;
  readonly wireTime: WireTime;
  readonly log: CallLog;
  readonly tokens: OidcTokens;
  readonly connections: PushConnections;
}

// https://cloud.google.com/pubsub/docs/push#receive_push (2026-11-29)
const ACKNOWLEDGING = new Set([102, 200, 201, 202, 204]);
// https://cloud.google.com/pubsub/docs/push#push_backoff (2026-11-29)
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 60_000;

/** Pushes the messages of one subscription to its endpoint, and slows down while pushes fail. */
export class PushDeliverer {
  readonly #subscription: Subscription;
  readonly #parts: PushParts;
  readonly #consumer: Consumer;
  readonly #stopped = new AbortController();
  #failuresInARow = 0;
  #pause: EngineTimer | undefined;

  constructor(subscription: Subscription, parts: PushParts) {
    this.#subscription = subscription;
    this.#parts = parts;
    this.#consumer = subscription.consume(
      {
        maxMessages: PUBSUB_MAX_OUTSTANDING_PUSHES,
        maxBytes: 0,
        ackDeadlineMs: subscription.resource.ackDeadlineSeconds * 1000,
        isOneAtATime: true,
        deliver: (batch) => {
          for (const delivery of batch) void this.#push(delivery);
        },
      },
      () => this.stop(),
    );
  }

  /** Applies changed subscription settings. The endpoint needs no update, because each push reads it. */
  settingsChanged(): void {
    this.#consumer.ackDeadlineMs = this.#subscription.resource.ackDeadlineSeconds * 1000;
  }

  stop(): void {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    if (this.#pause !== undefined) this.#parts.clock.cancel(this.#pause);
    this.#subscription.leave(this.#consumer);
  }

  async #push(delivery: Delivery): Promise<void> {
    const { resource } = this.#subscription;
    const open = this.#parts.log.open({
      protocol: "pubsub",
      wire: "json",
      operation: "Push",
      queue: idOf(resource.name),
      region: projectOf(resource.name),
      requestId: delivery.ackId,
      invocationId: undefined,
      attempt: delivery.deliveryAttempt || 1,
      entries: 1,
      at: this.#parts.clock.now(),
    });
    const status = resource.pushConfig === null ? undefined : await this.#post(delivery, resource.pushConfig);
    const isAcknowledged = status !== undefined && ACKNOWLEDGING.has(status);
    open.end({
      outcome: isAcknowledged ? "ok" : status === undefined ? "disconnected" : "error",
      status,
      errorCode: undefined,
    });
    if (isAcknowledged) this.#succeed(delivery);
    else this.#fail(delivery);
  }

  async #post(delivery: Delivery, config: PushConfig): Promise<number | undefined> {
    const { clock, wireTime, connections } = this.#parts;
    const publishedAt = new Date(wireTime.toWireMs(delivery.message.publishedAtMs)).toISOString();
    const request = pushRequest(delivery, this.#subscription.name, config, publishedAt);
    // No answer within the ack deadline counts as a failure. The lease runs out at the same moment.
    const timeout = new AbortController();
    const timer = clock.at(clock.now() + this.#consumer.ackDeadlineMs, () => timeout.abort());
    const authorization = await this.#authorization(config);
    const signal = AbortSignal.any([timeout.signal, this.#stopped.signal]);
    const headers = { ...request.headers, ...authorization };
    const status = await connections.post(config.pushEndpoint, { ...request, headers }, signal);
    clock.cancel(timer);
    return status;
  }

  async #authorization({ oidcToken, pushEndpoint }: PushConfig): Promise<Readonly<Record<string, string>>> {
    if (oidcToken === undefined || oidcToken === null) return {};
    const token = await this.#parts.tokens.sign({
      email: oidcToken.serviceAccountEmail,
      audience: oidcToken.audience === "" ? pushEndpoint : oidcToken.audience,
      issuedAt: Math.floor(this.#parts.clock.realNow() / 1000),
    });
    return { authorization: `Bearer ${token}` };
  }

  #succeed(delivery: Delivery): void {
    this.#failuresInARow = 0;
    this.#subscription.acknowledge([delivery.ackId]);
  }

  #fail(delivery: Delivery): void {
    if (this.#stopped.signal.aborted) return;
    this.#consumer.isBlocked = true;
    this.#subscription.modifyAckDeadline([delivery.ackId], 0);
    // A hundred concurrent pushes may fail together. They count as one failure, not as a hundred.
    if (this.#pause !== undefined) return;
    this.#failuresInARow += 1;
    const { clock } = this.#parts;
    const pauseMs = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(this.#failuresInARow - 1, 20));
    this.#pause = clock.at(clock.now() + pauseMs, () => {
      this.#pause = undefined;
      this.#consumer.isBlocked = false;
      this.#subscription.wake();
    });
  }
}
