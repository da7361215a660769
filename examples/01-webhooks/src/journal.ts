import { appendFileSync, closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

/** What a worker did with one delivery. */
export type JournalEntry =
  | { readonly kind: "failed"; readonly id: string }
  | {
      readonly kind: "handled";
      readonly id: string;
      readonly event: string;
      readonly action: string;
      readonly repository: string;
      readonly sender: string;
    };

/** The side effect of handling. It must be stored before the ack, or a crash in between would lose it. */
export interface Journal {
  append(entry: JournalEntry): void;
  close(): void;
}

/** One file per worker. `append` returns when the operating system has the line, so it survives SIGKILL. */
export function openJournal(folder: string, worker: string): Journal {
  const file = openSync(join(folder, `${worker}.jsonl`), "a");
  return {
    append: (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  };
}

/** The returned function reads what is new in all journals of a folder since its last call. */
export function createJournalReader(folder: string): () => readonly JournalEntry[] {
  const readBytes = new Map<string, number>();
  return () =>
    readdirSync(folder).flatMap((name) => {
      const from = readBytes.get(name) ?? 0;
      const added = bytesFrom(join(folder, name), from);
      const end = added.lastIndexOf("\n") + 1; // a line that a killed worker did not finish is left out
      readBytes.set(name, from + end);
      return added.toString("utf8", 0, end).split("\n").filter(Boolean).map(parseEntry);
    });
}

function bytesFrom(path: string, from: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(fstatSync(file).size - from);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}

function parseEntry(line: string): JournalEntry {
  const entry: JournalEntry = JSON.parse(line);
  return entry;
}
