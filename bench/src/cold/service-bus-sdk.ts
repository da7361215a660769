import { sdkClient } from "../scenarios/service-bus.ts";
import { sinceStart, tell } from "./tell.ts";

await sdkClient(Number(process.argv[2])).createSender("bench").sendMessages({ body: "first" });
tell({ firstSendMs: sinceStart() });
