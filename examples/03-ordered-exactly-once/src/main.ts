// Handles bookings of three accounts on an emulated Pub/Sub, or on the one in the first argument:
// node --conditions=@anyqueue/source examples/03-ordered-exactly-once/src/main.ts pubsub://my-project
import { spawnEmulator } from "@anyqueue/emulator";
import { runBookings } from "./run-bookings.ts";

const PER_ACCOUNT = 9;

await main(process.argv[2]);

async function main(url: string | undefined): Promise<void> {
  const emulator = url === undefined ? await spawnEmulator({ pubsubPort: 0 }) : undefined;
  try {
    const target = url ?? `pubsub://example?endpoint=${emulator?.endpoints.pubsub ?? ""}`;
    const { balances, mistakes, failures } = await runBookings(target, ["anna", "ben", "carla"], PER_ACCOUNT);
    for (const { account, bookings, cents } of balances) {
      console.log(`${account}: ${bookings} bookings, ${(cents / 100).toFixed(2)}`);
    }
    console.log(`${failures} handlers failed once; ${mistakes.length} bookings out of order or twice`);
    for (const mistake of mistakes) console.log(`  ${mistake}`);
    if (mistakes.length > 0) process.exitCode = 1;
  } finally {
    await emulator?.close();
  }
}
