import type { Host, HostParts } from "../host.ts";
import { requireProvider, type QueuePlace } from "../queue-place.ts";
import type { CloudRunPlan } from "./cloud-run-plan.ts";
import { emulatedSubscription } from "./emulated-subscription.ts";
import { EmulatorPushes } from "./emulator-pushes.ts";
import { HttpService } from "./http-service.ts";
import { PulledPushes } from "./pulled-pushes.ts";

/**
 * A push subscription in front of a service. It sends one request per message, whose status acknowledges it,
 * and slows down on failures. The emulator pushes by itself; other messages are pulled and posted.
 * @throws InvokeError, before any message is taken
 */
export async function openCloudRunHost(plan: CloudRunPlan, parts: HostParts): Promise<Host> {
  const { place } = parts;
  requireProvider(place, "pubsub", "cloud-run");
  const name = subscriptionName(place);
  const emulated = plan.emulator && (await emulatedSubscription(plan.emulator, place, name));
  const service = new HttpService({ ...plan, file: parts.file, onLine: withHint(plan, parts) });
  try {
    await service.start();
    const pushes: Pick<Host, "run" | "close"> =
      emulated === undefined
        ? await PulledPushes.open(plan, parts, service, name)
        : new EmulatorPushes(plan, parts, service, emulated);
    return {
      greeting: `${whoPushes(plan, emulated !== undefined)} the messages of ${place.entity} to ${plan.path}. 102, 200, 201, 202 and 204 acknowledge, everything else and ${plan.timeoutMs / 1_000} s without an answer do not.`,
      run: async (signal) => await pushes.run(signal),
      async close() {
        try {
          await pushes.close();
        } finally {
          await service.close();
        }
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

function whoPushes({ isCloudEvents }: CloudRunPlan, isEmulated: boolean): string {
  if (isCloudEvents) return "Posting events of";
  return isEmulated ? "The emulator pushes" : "Pushing";
}

/** The framework turns a push into an event, and loses its key, attempt and subscription. */
function withHint({ isCloudEvents }: CloudRunPlan, { onLine, onWarning }: HostParts): (line: string) => void {
  return (line) => {
    onLine(line);
    if (!isCloudEvents && line.trim() === "Signature type: cloudevent")
      onWarning("this function gets events of a trigger, and no pushes: add --cloud-events.");
  };
}

/** If the topic and the subscription have different names (`topic/subscription`), returns the second. */
function subscriptionName({ authority, entity }: QueuePlace): string {
  if (entity.startsWith("projects/")) return entity.replace("/topics/", "/subscriptions/");
  const { PUBSUB_PROJECT_ID = "", GOOGLE_CLOUD_PROJECT = PUBSUB_PROJECT_ID } = process.env;
  const project = authority === "" ? GOOGLE_CLOUD_PROJECT : authority;
  return `projects/${project}/subscriptions/${entity.slice(entity.indexOf("/") + 1)}`;
}
