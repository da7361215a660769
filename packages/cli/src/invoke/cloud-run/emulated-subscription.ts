import type { ControlClient, PushTarget, SubscriptionSnapshot } from "@anyqueue/emulator";
import { InvokeError } from "../invoke-error.ts";
import type { QueuePlace } from "../queue-place.ts";
import type { EmulatorPlan } from "./cloud-run-plan.ts";

/** A subscription of a running emulator, which pushes by itself. */
export interface EmulatedSubscription {
  /** Undefined: switches to pull. */
  setPush(push: PushTarget | undefined): Promise<void>;
  /** Includes the messages that it still has. @throws NO_SUCH_QUEUE */
  snapshot(): Promise<SubscriptionSnapshot>;
}

/**
 * The subscription if it is in the emulator that the plan names; undefined if it is elsewhere.
 * @throws QUEUE_UNREACHABLE, WRONG_PROVIDER if an emulator that was asked for lacks it, NO_SUCH_QUEUE
 */
export async function emulatedSubscription(
  { control: endpoint, isAskedFor }: EmulatorPlan,
  place: QueuePlace,
  name: string,
): Promise<EmulatedSubscription | undefined> {
  const { controlClient } = await import("@anyqueue/emulator");
  const control = controlClient(endpoint);
  const server = place.parameters["endpoint"] ?? process.env["PUBSUB_EMULATOR_HOST"];
  const emulated = await pubsubOf(control, endpoint, isAskedFor);
  if (emulated === undefined || hostOf(server) !== hostOf(emulated)) {
    if (!isAskedFor) return undefined;
    throw new InvokeError(
      "WRONG_PROVIDER",
      `${place.entity} is at ${server ?? "Google"}, and the emulator at ${endpoint} has its Pub/Sub at ${emulated ?? "no port"}`,
      "Leave out --emulator, or name the queue of that emulator.",
    );
  }
  const snapshot = async (): Promise<SubscriptionSnapshot> => {
    const found = (await control.subscriptions()).find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new InvokeError("NO_SUCH_QUEUE", `the emulator has no ${name}`, "Create it first.");
  };
  await snapshot();
  return { snapshot, setPush: async (push) => await control.setPush(name, push) };
}

async function pubsubOf(
  control: ControlClient,
  endpoint: string,
  isAskedFor: boolean,
): Promise<string | undefined> {
  try {
    return (await control.endpoints()).pubsub;
  } catch (error) {
    // A shell's variable outlives the emulator for which it was set.
    if (!isAskedFor) return undefined;
    const remedy = "anyqueue up prints the control endpoint.";
    throw new InvokeError("QUEUE_UNREACHABLE", `no emulator answers at ${endpoint}`, remedy, {
      cause: error,
    });
  }
}

/** `127.0.0.1:8085`, in whatever form it was given. */
function hostOf(server: string | undefined): string | undefined {
  if (server === undefined) return undefined;
  const url = /^https?:\/\//i.test(server) ? server : `http://${server}`;
  return URL.canParse(url) ? new URL(url).host.replace(/^localhost(?=:|$)/, "127.0.0.1") : server;
}
