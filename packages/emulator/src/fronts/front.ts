import type { FaultPlan } from "../faults/fault-plan.ts";
import type { HttpExchange } from "../http/http-exchange.ts";
import type { CallLog } from "../log/call-log.ts";
import type { HandOutLog } from "../log/hand-out-log.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import type { VirtualClock } from "../time/engine-clock.ts";
import type { WireTime } from "../time/wire-time.ts";

/** Shared by all fronts of one emulator. */
export interface FrontContext {
  /** Address to listen on. */
  readonly host: string;
  readonly clock: VirtualClock;
  readonly wireTime: WireTime;
  readonly faults: FaultPlan;
  readonly log: CallLog;
  readonly handOuts: HandOutLog;
  readonly random: SeededRandom;
  /** Answers the request and returns true if it is for the control API. Fronts with HTTP call it first. */
  readonly control: (exchange: HttpExchange) => Promise<boolean>;
}

/** The running server of one cloud. */
export interface Front {
  /** Environment variables that point the vendor's SDK, and our adapter, at this front. */
  readonly environment: Readonly<Record<string, string>>;
  /** Forgets entities and messages. Connections stay open. */
  reset(): void;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** Replaces an address that means "every interface", to which nobody can connect, by loopback. */
export function reachableAuthority(host: string, port: number): string {
  if (host === "0.0.0.0") return `127.0.0.1:${port}`;
  if (host === "::") return `[::1]:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
