import {
  exploreSchedule,
  serviceScheduleOf,
  type Broker,
  type BrokerFault,
  type Explored,
  type Incident,
  type Schedule,
} from "@anyqueue/conformance";
import type { Provider, QueueAdapter } from "@anyqueue/core/adapter";
import { createVirtualClock } from "@anyqueue/core/testing";
import { startEmulator, type Emulator, type FaultRule } from "@anyqueue/emulator";
import { addressOf, emulatorOptions, type Front, type Stage } from "../chaos/providers.ts";
import { faultOf } from "./fault-choice.ts";
import { steadyArrivals } from "./steady-arrivals.ts";
import { pacedClock } from "./paced-clock.ts";
import { watchSignatures } from "./signatures.ts";
import { openWire } from "./wire.ts";

/** A message that always times out is given up after twenty runs and their pauses, in milliseconds. */
const RECOVERY_MS = 600_000;
/** Allowance for the steps in which time passes, in milliseconds. */
const SLACK_MS = 100;

/**
 * Runs the schedule of a seed over the vendor's SDK and the emulator, in virtual time, and judges its history.
 *
 * @param wrap changes the adapter of every client
 */
export async function exploreService(
  stage: Stage,
  seed: number,
  wrap: (adapter: QueueAdapter) => QueueAdapter = (adapter) => adapter,
): Promise<Explored> {
  const { front, ordered, leaseMs, features, wideFeatures, promises } = stage;
  if (front === undefined) throw new TypeError("a stage without a service");
  // The adapter of Service Bus translates the service's times by the machine's clock, as its SDK does.
  const isShared = front !== "service-bus";
  const emulator = await startEmulator({
    ...emulatorOptions(front, seed),
    clock: isShared ? "shared" : "manual",
  });
  const wire = await openWire();
  const signatures = watchSignatures();
  try {
    const planned = serviceScheduleOf(seed, {
      ordered,
      leaseMs,
      features,
      wideFeatures,
      faultOf: (choice) => faultOf(stage, choice),
    });
    const schedule = withAnswers(planned, front);
    const startWallMs = isShared ? emulator.clock.now() : undefined;
    const clock = pacedClock(createVirtualClock({ seed, startWallMs }), emulator, wire, signatures);
    return await exploreSchedule(
      schedule,
      clock,
      brokerOf(stage, addressOf(front, emulator.endpoints), emulator, wrap),
      {
        deliveryCount: "approximate",
        slackMs: SLACK_MS,
        recoveryMs: RECOVERY_MS,
        ...promises,
      },
    );
  } finally {
    signatures.close();
    wire.close();
    await emulator.close();
  }
}

/**
 * What a driver waits for by the machine's clock, as the SDK does, is answered: minutes would pass here. Each pull
 * ends with a drain, and what it has would come when its consumer has closed. On Service Bus, the driver itself moves
 * dead letters back, if all are to be moved.
 */
function withAnswers(schedule: Schedule, front: Front): Schedule {
  const pulls = (schedule.modes ?? []).some((mode) => mode !== "run");
  const moves = front === "service-bus" && schedule.incidents.some(isWholeRedrive);
  const unanswered = [...(pulls || moves ? ["ignoreDrain"] : []), ...(moves ? ["hold"] : [])];
  if (unanswered.length === 0) return schedule;
  const incidents = schedule.incidents.filter(
    (incident) => incident.kind !== "broker-fault" || !unanswered.includes(incident.fault.name),
  );
  return { ...schedule, incidents };
}

function isWholeRedrive(incident: Incident): boolean {
  return incident.kind === "redrive" && incident.max === undefined && incident.isFiltered !== true;
}

function brokerOf(
  stage: Stage,
  address: string,
  emulator: Emulator,
  wrap: (adapter: QueueAdapter) => QueueAdapter,
): Broker {
  const sound = stage.provider();
  const steady = steadyArrivals();
  const provider: Provider = {
    ...sound,
    connect: (url, context) => wrap(steady(sound.connect(url, context))),
  };
  const startedAtMs = emulator.clock.now();
  const { leaseOf = () => undefined } = stage;
  return {
    url: stage.url(address),
    provider,
    service: {
      leaseOf,
      fail({ rule }: BrokerFault) {
        const id = emulator.faults.add(rule as FaultRule);
        return () => {
          emulator.faults.remove(id);
        };
      },
      heal: () => {
        emulator.faults.clear();
      },
      handOuts: () =>
        emulator.handOuts().map(({ lease, at, broken }) => ({
          lease,
          atMs: at - startedAtMs,
          ...(broken === undefined ? {} : { brokenAtMs: broken.at - startedAtMs }),
        })),
    },
  };
}
