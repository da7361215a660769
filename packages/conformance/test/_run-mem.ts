import { formatMatrix, runConformance } from "/work/main/packages/conformance/src/index.ts";
import { memoryHarness } from "/work/main/packages/conformance/test/memory-backend.ts";
const only = process.argv.slice(2);
const r = await runConformance(memoryHarness("memory"), { ...(only.length ? { only } : {}), caseTimeoutMs: 10_000, onResult: (x) => { if (x.outcome === "failed" || x.durationMs > 1500) console.log(x.id, x.outcome, Math.round(x.durationMs), x.title, "\n   ", (x.reason ?? "").slice(0, 600)); if (only.length && x.error) console.log(x.error); } });
console.log(formatMatrix([r]));
process.exit(0);
