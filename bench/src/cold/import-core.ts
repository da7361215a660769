import { sinceStart, tell } from "./tell.ts";

const before = sinceStart();
await import("@anyqueue/core");
tell({ importMs: sinceStart() - before });
