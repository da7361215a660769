// node --conditions=@anyqueue/source src/main.ts: sends orders through a topic on emulated Azure Service Bus.
// With a namespace of your own: ANYQUEUE_URL=service-bus://my-namespace node … src/main.ts
import { startEmulator } from "@anyqueue/emulator";
import { fanOut } from "./fan-out.ts";

const own = process.env["ANYQUEUE_URL"];
const emulator = own === undefined ? await startEmulator({ serviceBusPort: 0 }) : undefined;
try {
  const url = own ?? `service-bus://emulator?endpoint=${emulator?.endpoints.serviceBus ?? ""}`;
  process.stdout.write(`${JSON.stringify(await fanOut(url), undefined, 2)}\n`);
} finally {
  await emulator?.close();
}
