import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator, type Emulator, type ServiceBusConfig } from "@anyqueue/emulator";

/** Each test's own emulator, with what its client needs to know. */
export interface ServiceBusUnderTest {
  readonly emulator: Emulator;
  /** Connection string that leads clients that know of emulators to the port without TLS. */
  readonly plain: string;
  /** Connection string that leads every client to the TLS port. */
  readonly tls: string;
  /** File with the authority's certificate. */
  readonly caFile: string;
}

/** The entities that the programs of every language use. */
export const WORLD: ServiceBusConfig = {
  UserConfig: {
    Namespaces: [
      {
        Queues: [{ Name: "orders" }, { Name: "sessions", Properties: { RequiresSession: true } }],
        Topics: [
          {
            Name: "events",
            Subscriptions: [
              {
                Name: "high",
                Rules: [
                  {
                    Name: "above-five",
                    Properties: { FilterType: "Sql", SqlFilter: { SqlExpression: "n > 5" } },
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
};

export async function withServiceBus(
  serviceBusConfig: ServiceBusConfig | undefined,
  use: (servers: ServiceBusUnderTest) => Promise<void>,
  { serviceBusTlsPort = 0 }: { readonly serviceBusTlsPort?: number } = {},
): Promise<void> {
  const emulator = await startEmulator({ serviceBusPort: 0, serviceBusTlsPort, serviceBusConfig });
  const folder = await mkdtemp(join(tmpdir(), "anyqueue-interop-"));
  try {
    const caFile = join(folder, "ca.pem");
    await writeFile(caFile, emulator.serviceBus.certificateAuthority());
    const plain = emulator.environment["ANYQUEUE_SERVICE_BUS_CONNECTION_STRING"] ?? "";
    const access = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=anyqueue";
    const tls = `Endpoint=sb://${emulator.endpoints.serviceBusTls};${access}`;
    await use({ emulator, plain, tls, caFile });
  } finally {
    await emulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}
