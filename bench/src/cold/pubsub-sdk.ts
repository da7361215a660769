import { PubSub } from "@google-cloud/pubsub";
import { sinceStart, tell } from "./tell.ts";

const apiEndpoint = `127.0.0.1:${process.argv[2]}`;
const client = new PubSub({ projectId: "bench", apiEndpoint, emulatorMode: true });
await client.topic("bench").publishMessage({ data: Buffer.from("first") });
tell({ firstSendMs: sinceStart() });
