import type { FunctionFile } from "./function-file.ts";
import type { InvocationReport } from "./invocation-report.ts";
import type { QueuePlace } from "./queue-place.ts";

/** What the host of every platform gets. */
export interface HostParts {
  readonly file: FunctionFile;
  readonly place: QueuePlace;
  /** True: ends when the queue is empty and no call is running. */
  readonly isOnce: boolean;
  readonly onReport: (report: InvocationReport) => void;
  /** Gets a line that the function wrote. */
  readonly onLine: (line: string) => void;
  readonly onWarning: (text: string) => void;
  /** This many messages failed and are deleted all the same, as on the platform. */
  readonly onLost: (count: number) => void;
  /** This many messages were handled but could not be settled: they come again. */
  readonly onUnsettled: (count: number) => void;
}

/** A platform that is ready: its function is loaded, but no message was taken. */
export interface Host {
  /** One sentence on what it will do. */
  readonly greeting: string;
  /** Resolves when `signal` aborts or the queue is drained, once every call has ended. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
