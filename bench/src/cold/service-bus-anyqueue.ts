import { createClient, defineQueue } from "@anyqueue/core";
import { serviceBus } from "@anyqueue/service-bus";
import { sdkClient } from "../scenarios/service-bus.ts";
import { sinceStart, tell } from "./tell.ts";

const sdk = sdkClient(Number(process.argv[2]));
const client = createClient("service-bus:", [serviceBus({ client: sdk })]);
await client.producer(defineQueue<string>("bench")).send("first");
tell({ firstSendMs: sinceStart() });
