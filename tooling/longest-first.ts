import { existsSync } from "node:fs";
import { join } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { ROOT } from "./steps.ts";

/**
 * Runs these files first, so that no long one is left running alone at the end. Vitest itself knows how long
 * a file took only on a machine that has run it before.
 *
 * @throws if one of the files does not exist
 */
export function longestFirst(paths: readonly string[]): typeof BaseSequencer {
  const long = paths.map((path) => join(ROOT, path));
  const missing = long.find((path) => !existsSync(path));
  if (missing !== undefined) throw new Error(`${missing} is not there; mend the list of long test files`);
  return class LongestFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      // oxlint-disable-next-line unicorn/no-array-sort -- it is not an array
      return [...beginWith(long, await super.sort(files))];
    }
  };
}

/** The files, those in `names` first and in the order of `names`. */
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
