// Runs the emulator with one queue in a process of its own.
import { startEmulator } from "@anyqueue/emulator";
import { counts, report } from "./stub-process.ts";

const UserConfig = { Namespaces: [{ Queues: [{ Name: "bench", Properties: { LockDuration: "PT5M" } }] }] };
const emulator = await startEmulator({ serviceBusPort: 0, serviceBusConfig: { UserConfig } });
const address = emulator.endpoints.serviceBus ?? "";

process.on("message", () => {
  // Listeners run in order, so the counts are updated before `report` sends them.
  counts.sent = emulator.serviceBus.entities()[0]?.messages.length ?? 0;
  counts.requests = emulator.log.count("send");
});
report(Number(address.slice(address.lastIndexOf(":") + 1)));
