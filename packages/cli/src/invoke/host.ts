import type { FunctionFile } from "./function-file.ts";
import type { InvocationReport } from "./invocation-report.ts";
import type { QueuePlace } from "./queue-place.ts";

/** What every platform's host gets. */
export interface HostParts {
  readonly file: FunctionFile;
  readonly place: QueuePlace;
  /** True: ends when the queue has nothing and nothing runs. */
  readonly isOnce: boolean;
  readonly onReport: (report: InvocationReport) => void;
  /** A line that the function wrote. */
  readonly onLine: (line: string) => void;
  readonly onWarning: (text: string) => void;
  /** So many messages failed and are deleted nevertheless, as the platform does it. */
  readonly onLost: (count: number) => void;
  /** So many messages were handled and could not be settled: they come again. */
  readonly onUnsettled: (count: number) => void;
}

/** A platform that stands ready: its function is loaded, and no message was taken. */
export interface Host {
  /** What it will do, in a sentence. */
  readonly greeting: string;
  /** Resolves when `signal` has aborted, or the queue is drained, and every call has ended. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
