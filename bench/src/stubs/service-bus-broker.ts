// The emulator with one queue, in a process of its own: what it holds is real, so that what is lost would be missed.
import { startEmulator } from "@anyqueue/emulator";

const emulator = await startEmulator({
  serviceBusPort: 0,
  serviceBusConfig: {
    UserConfig: { Namespaces: [{ Queues: [{ Name: "bench", Properties: { LockDuration: "PT5M" } }] }] },
  },
});
const address = emulator.endpoints.serviceBus ?? "";
process.send?.({ port: Number(address.slice(address.lastIndexOf(":") + 1)) });

process.on("message", () => {
  const [queue] = emulator.serviceBus.entities();
  const outcomes = Object.values(queue?.outcomes ?? {});
  const deleted = outcomes.filter(({ completed = 0 }) => completed > 0).length;
  const sent = (queue?.messages.length ?? 0) + deleted;
  process.send?.({ counts: { requests: emulator.log.count("send"), sent, received: 0, deleted } });
});
process.on("disconnect", () => process.exit(0));
