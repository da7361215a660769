import { existsSync } from "node:fs";
import { join } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { ROOT } from "./steps.ts";

/**
 * Begins with these files, so that none of them is what everybody waits for in the end. Vitest knows how long a file
 * took only on a machine that has run it before.
 *
 * @throws if there is no such file
 */
export function longestFirst(paths: readonly string[]): typeof BaseSequencer {
  const long = paths.map((path) => join(ROOT, path));
  const missing = long.find((path) => !existsSync(path));
  if (missing !== undefined) throw new Error(`${missing} is not there; mend the list of long test files`);
  return class LongestFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      // oxlint-disable-next-line unicorn/no-array-sort -- it is no array
      return [...beginWith(long, await super.sort(files))];
    }
  };
}

/** The files with those named before all others, in the order of their names. */
export function beginWith<File extends { readonly moduleId: string }>(
  names: readonly string[],
  files: readonly File[],
): readonly File[] {
  const place = ({ moduleId }: File): number => {
    const found = names.indexOf(moduleId);
    return found === -1 ? names.length : found;
  };
  return files.toSorted((one, other) => place(one) - place(other));
}
