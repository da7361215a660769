import type { QueueClient, QueueConsumer } from "@anyqueue/core";
import type { HistoryRecorder } from "../history/history-recorder.ts";
import type { ExploredBody } from "./explored-queue.ts";
import type { Life } from "./life.ts";

/** A client of a run, in a process of its own as far as the history can tell. */
export interface Connected {
  readonly client: QueueClient;
  readonly recorder: HistoryRecorder;
  readonly life: Life;
}

/** The same with a consumer that runs. */
export interface RunningConsumer extends Connected {
  readonly consumer: QueueConsumer<ExploredBody>;
  /** Aborts when it is told to close. */
  readonly ending: AbortController;
}
