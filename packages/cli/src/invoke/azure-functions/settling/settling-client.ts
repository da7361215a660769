import { InvokeError } from "../../invoke-error.ts";
import type { QueuePlace } from "../../queue-place.ts";
import type { TriggerBinding } from "../worker-messages.ts";
import { defaultCredential } from "./app-packages.ts";
import type { SdkClient, SdkReceiver, ServiceBusSdk } from "./app-packages-types.ts";

/** Only one try, since the next poll tries again. Waiting for a free session takes as long as that. */
const RETRIES = { retryOptions: { maxRetries: 0, timeoutInMs: 5_000 } };
/** Does not parse bodies. We renew locks: the SDK renews by message id, which two messages may share. */
const RECEIVER = { skipParsingBodyAsJson: true, maxAutoLockRenewalDurationInMs: 0 };
const EMULATOR_KEY = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE";

/**
 * A client of the vendor's SDK, since the engine hides what such functions need: locks, sessions, deferral.
 * Connects as the command line and the environment say, else as the trigger's own setting does.
 * @throws MISSING_PACKAGE, QUEUE_UNREACHABLE
 */
export function settlingClient(
  { ServiceBusClient }: ServiceBusSdk,
  { authority, parameters }: QueuePlace,
  trigger: TriggerBinding,
  appFile: string,
): SdkClient {
  const { connection } = trigger.properties;
  const setting = typeof connection === "string" ? connection : "";
  const text = process.env["ANYQUEUE_SERVICE_BUS_CONNECTION_STRING"] ?? process.env[setting];
  const { endpoint } = parameters;
  if (text !== undefined && text !== "") return new ServiceBusClient(text, RETRIES);
  if (endpoint !== undefined)
    return new ServiceBusClient(
      `Endpoint=sb://${endpoint}/;${EMULATOR_KEY};UseDevelopmentEmulator=true`,
      RETRIES,
    );
  const host = process.env[`${setting}__fullyQualifiedNamespace`] ?? hostOf(authority);
  return new ServiceBusClient(host, defaultCredential(appFile), RETRIES);
}

function hostOf(authority: string): string {
  if (authority === "")
    throw new InvokeError(
      "QUEUE_UNREACHABLE",
      "nothing says which namespace the queue is in",
      "Write --url service-bus://my-namespace, or set ANYQUEUE_SERVICE_BUS_CONNECTION_STRING.",
    );
  return authority.includes(".") ? authority : `${authority}.servicebus.windows.net`;
}

/** `entity` is a queue, or `topic/Subscriptions/name`. */
export function openReceiver(client: SdkClient, entity: string): SdkReceiver {
  return client.createReceiver(...entityParts(entity), RECEIVER);
}

/** Returns undefined if no free session has a message. */
export async function nextSession(client: SdkClient, entity: string): Promise<SdkReceiver | undefined> {
  try {
    return await client.acceptNextSession(...entityParts(entity), RECEIVER);
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
    if (code === "ServiceTimeout" || code === "SessionCannotBeLocked") return undefined;
    throw error;
  }
}

function entityParts(entity: string): readonly string[] {
  const [, topic, subscription] = /^(.+)\/Subscriptions\/([^/]+)$/i.exec(entity) ?? [];
  return topic === undefined || subscription === undefined ? [entity] : [topic, subscription];
}
