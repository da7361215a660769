import type { QueueConfig } from "@anyqueue/core";
import type { DefinitionDetails } from "@anyqueue/core/testing";
import { UsageError } from "../usage-error.ts";
import type { Runtime } from "./deployment.ts";

/** Names of the entities at the provider. */
export interface EntityNames {
  /** The queue or the subscription. */
  readonly queue: string;
  /** Set for a subscription, and on Pub/Sub for every queue. */
  readonly topic: string | undefined;
  /** Undefined: inside the queue, as on Service Bus. */
  readonly deadLetter: string | undefined;
}

/** The part of the configuration that affects names. */
export type NameConfig = Pick<QueueConfig, "prefix" | "queues">;

const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._~%+/-]*$/;

/** The names that a client with the same configuration uses. @throws UsageError for an address as name */
export function entityNames(details: DefinitionDetails, runtime: Runtime, config: NameConfig): EntityNames {
  const { prefix = "" } = config;
  const key = details.topic ?? details.name;
  const given = config.queues?.[key];
  const entity = typeof given === "string" ? { name: given } : (given ?? {});
  const suffix = runtime === "lambda" && isFifo(details) ? ".fifo" : "";
  if (details.topic !== undefined) {
    const topic = plain(entity.name) ?? prefix + details.topic;
    const configured = plain(entity.subscriptions?.[details.name]);
    const isPubsub = runtime === "cloud-run";
    const queue = configured ?? (isPubsub ? `${topic}-${details.name}` : details.name);
    return { queue, topic, deadLetter: isPubsub ? (plain(entity.deadLetter) ?? `${queue}-dead`) : undefined };
  }
  const queue = plain(entity.name) ?? prefix + details.name + suffix;
  const base = suffix === "" ? queue : queue.slice(0, -suffix.length);
  const deadLetter = plain(entity.deadLetter) ?? `${base}-dead${suffix}`;
  if (suffix !== "" && !(queue.endsWith(suffix) && deadLetter.endsWith(suffix)))
    throw new UsageError(
      `anyqueue deploy-files: ${queue} and ${deadLetter} are FIFO queues, and must end with .fifo.`,
    );
  return {
    queue,
    topic: runtime === "cloud-run" ? queue : undefined,
    deadLetter: runtime === "azure-functions" ? undefined : deadLetter,
  };
}

/**
 * As in the adapters.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html,
 * https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftservicebus,
 * https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names (2026-11-29)
 */
const NAMES: Readonly<Record<Runtime, { readonly pattern: RegExp; readonly rule: string }>> = {
  lambda: {
    pattern: /^(?=.{1,80}$)[A-Za-z0-9_-]+(?:\.fifo)?$/,
    rule: "letters, digits, - and _, and not longer than 80",
  },
  "azure-functions": {
    pattern: /^(?=.{1,260}$)[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/,
    rule: "letters, digits, ., -, _ and /, an end of letter or digit, and not longer than 260",
  },
  "cloud-run": {
    pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/,
    rule: "3 to 255 of letters, digits and -._~+%, a letter first, and not goog",
  },
};
const AZURE_SUBSCRIPTION = /^(?=.{1,50}$)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** Names that the provider would refuse when the files are applied. */
export function nameProblems({ queue, topic, deadLetter }: EntityNames, runtime: Runtime): readonly string[] {
  const { pattern, rule } = NAMES[runtime];
  const isAzureSubscription = runtime === "azure-functions" && topic !== undefined;
  const entities = new Set([topic, isAzureSubscription ? undefined : queue, deadLetter]);
  const illegal = [...entities].filter((name) => name !== undefined && !pattern.test(name));
  const problems: string[] = [];
  if (illegal.length > 0)
    problems.push(`${illegal.map((name) => JSON.stringify(name)).join(", ")}: a name there is ${rule}`);
  if (isAzureSubscription && !AZURE_SUBSCRIPTION.test(queue))
    problems.push(`${JSON.stringify(queue)}: a subscription there has 1 to 50 letters, digits, ., - and _`);
  return problems;
}

function isFifo({ needs }: DefinitionDetails): boolean {
  return needs.includes("ordering") || needs.includes("deduplication");
}

function plain(name: string | undefined): string | undefined {
  if (name === undefined || (PLAIN_NAME.test(name) && !name.includes("://"))) return name;
  throw new UsageError(
    `anyqueue deploy-files: the configuration names an entity by its address (${JSON.stringify(name)}): write its name.`,
  );
}
