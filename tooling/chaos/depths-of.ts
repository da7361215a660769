import type { ControlClient } from "@anyqueue/emulator";
import type { Front } from "./providers.ts";
import type { Depths } from "./read-leftovers.ts";

/** The depths of an emulated service that has only one queue and its dead letters. */
export async function depthsOf(front: Front, control: ControlClient): Promise<Depths> {
  if (front === "service-bus") return await serviceBusDepths(control);
  const queues = front === "sqs" ? await sqsQueues(control) : await pubsubSubscriptions(control);
  const total = (isDead: boolean): number =>
    queues.filter(({ name }) => name.includes("-dead") === isDead).reduce((sum, { count }) => sum + count, 0);
  return { queue: total(false), dead: total(true) };
}

interface Counted {
  readonly name: string;
  readonly count: number;
}

async function sqsQueues(control: ControlClient): Promise<readonly Counted[]> {
  return (await control.queues()).map(({ name, messages }) => ({ name, count: messages.length }));
}

async function pubsubSubscriptions(control: ControlClient): Promise<readonly Counted[]> {
  return (await control.subscriptions()).map(({ name, messages }) => ({ name, count: messages.length }));
}

async function serviceBusDepths(control: ControlClient): Promise<Depths> {
  let depths: Depths = { queue: 0, dead: 0 };
  for (const { counts } of await control.serviceBus.entities()) {
    const { active, scheduled, deadLetter } = counts;
    depths = { queue: depths.queue + active + scheduled, dead: depths.dead + deadLetter };
  }
  return depths;
}
