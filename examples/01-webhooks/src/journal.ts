import { appendFileSync, closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
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

/** The side effect of handling: it must be kept before the message is acked, or a crash in between would lose it. */
export interface Journal {
  append(entry: JournalEntry): void;
  close(): void;
}

/** One file per worker; each line is in the operating system's hands before `append` returns, so SIGKILL keeps it. */
export function openJournal(folder: string, worker: string): Journal {
  const file = openSync(join(folder, `${worker}.jsonl`), "a");
  return {
    append: (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  };
}

/** Reads what is new in all journals of a folder since the last call. */
export function createJournalReader(folder: string): () => readonly JournalEntry[] {
  const read = new Map<string, number>();
  return () => {
    if (!existsSync(folder)) return [];
    return readdirSync(folder).flatMap((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const from = read.get(name) ?? 0;
      const to = text.lastIndexOf("\n") + 1; // a line that a killed worker did not finish is left out
      read.set(name, to);
      return text.slice(from, to).split("\n").filter(Boolean).map(parseEntry);
    });
  };
}

function parseEntry(line: string): JournalEntry {
  const entry: JournalEntry = JSON.parse(line);
  return entry;
}
