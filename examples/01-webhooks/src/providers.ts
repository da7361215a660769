import { controlClient, spawnEmulator } from "@anyqueue/emulator";

/** A provider to run the program on. */
export interface Stage {
  readonly provider: string;
  /** The variables that the program reads: ANYQUEUE_URL and those of the vendor's SDK. */
  readonly environment: Readonly<Record<string, string>>;
  /** False if producer and worker must share a process. */
  readonly spansProcesses: boolean;
  /** Requests that reached the provider so far, or 0 if it has no wire. */
  countRequests(): Promise<number>;
  close(): Promise<void>;
}

/** How to prepare each provider. A new adapter adds a line. */
export const STAGES: Readonly<Record<string, () => Promise<Stage>>> = {
  memory: () =>
    Promise.resolve({
      provider: "memory",
      environment: { ANYQUEUE_ENV: "memory", ANYQUEUE_URL: "memory:" },
      spansProcesses: false,
      countRequests: () => Promise.resolve(0),
      close: () => Promise.resolve(),
    }),
  sqs: sqsOnTheEmulator,
  "service-bus": serviceBusOnTheEmulator,
  pubsub: pubsubOnTheEmulator,
};

/** The real AWS SDK against the emulator, which runs in a process of its own. */
async function sqsOnTheEmulator(): Promise<Stage> {
  const emulator = await spawnEmulator({ sqsPort: 0 });
  const endpoint = emulator.endpoints.sqs ?? "";
  const control = controlClient(endpoint);
  return {
    provider: "sqs",
    environment: {
      ...emulator.environment,
      ANYQUEUE_ENV: "sqs",
      ANYQUEUE_URL: `sqs://us-east-1?endpoint=${endpoint}`,
    },
    spansProcesses: true,
    countRequests: () => control.count(),
    close: () => emulator.close(),
  };
}

/** The real Azure SDK against the emulator, which runs in a process of its own. */
async function serviceBusOnTheEmulator(): Promise<Stage> {
  const emulator = await spawnEmulator({ serviceBusPort: 0 });
  const endpoint = emulator.endpoints.serviceBus ?? "";
  return {
    provider: "service-bus",
    environment: {
      ...emulator.environment,
      ANYQUEUE_ENV: "service-bus",
      ANYQUEUE_URL: `service-bus://emulator?endpoint=${endpoint}`,
    },
    spansProcesses: true,
    // Deliveries are pushed without a request.
    countRequests: async () => (await emulator.control.count()) - (await emulator.control.count("receive")),
    close: () => emulator.close(),
  };
}

/** The real Google client against the emulator, which runs in a process of its own. */
async function pubsubOnTheEmulator(): Promise<Stage> {
  const emulator = await spawnEmulator({ pubsubPort: 0 });
  const endpoint = emulator.endpoints.pubsub ?? "";
  return {
    provider: "pubsub",
    environment: {
      ...emulator.environment,
      ANYQUEUE_ENV: "pubsub",
      ANYQUEUE_URL: `pubsub://webhooks?endpoint=${endpoint}`,
    },
    spansProcesses: true,
    countRequests: () => emulator.control.count(),
    close: () => emulator.close(),
  };
}
