import { wireOf, type FaultKind } from "./cell.ts";
import type { ProxyMode } from "./fault-proxy.ts";
import { CLOUDS } from "./providers.ts";

/** Faults of a network, made by the proxy of the side that the phase is about. */
export const WIRE_FAULTS: readonly FaultKind[] = [
  {
    name: "cut",
    rows: ["F-01"],
    stages: CLOUDS,
    phases: ["send", "receive", "handle", "settle", "renew", "dead-letter"],
    begin: (arena) => wireOf(arena).proxy.cut(),
  },
  {
    name: "refuse",
    rows: ["F-35"],
    stages: CLOUDS,
    phases: ["send", "receive", "settle"],
    begin: put("refuse"),
  },
  {
    name: "lost-response",
    rows: ["F-02", "F-03"],
    stages: CLOUDS,
    phases: ["send", "receive", "settle", "dead-letter"],
    begin: put("swallow"),
  },
  {
    name: "half-open",
    rows: ["F-04", "F-32"],
    blursLeases: true,
    stages: CLOUDS,
    phases: ["send", "settle"],
    recoveryMs: 60_000,
    begin: put("halfOpen"),
  },
  {
    name: "black-hole",
    rows: ["F-04"],
    blursLeases: true,
    stages: CLOUDS,
    phases: ["send", "receive", "settle"],
    recoveryMs: 60_000,
    begin: put("blackHole"),
  },
  {
    name: "slow",
    rows: ["F-08"],
    stages: CLOUDS,
    phases: ["send", "settle"],
    forMs: 3_000,
    begin: put("slow"),
  },
];

function put(mode: ProxyMode): FaultKind["begin"] {
  return (arena) => {
    wireOf(arena).proxy.mode = mode;
  };
}
