import { sinceStart, tell } from "./tell.ts";

await import("@anyqueue/core");
const times: number[] = [];
for (const load of [
  () => import("@anyqueue/sqs"),
  () => import("@anyqueue/service-bus"),
  () => import("@anyqueue/pubsub"),
]) {
  const before = sinceStart();
  await load();
  times.push(sinceStart() - before);
}
tell({ importMs: Math.max(...times) });
