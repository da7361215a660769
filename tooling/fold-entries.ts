import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The whole code of an entry whose modules others import too: `export { a, b } from './chunk-X.js';`. */
const MERE_NAMES =
  /^export \{ ([^}]+) \} from '\.\/(chunk-\w+\.js)';\n(?:import '\.\/chunk-\w+\.js';\n)*(?=\/\/#|$)/;
const COMMENTS = /(?:\n\/\/# sourceMappingURL=[\w.-]+)+\s*$/;
/** The names that a file imports from a chunk or exports. */
const CLAUSE = /\{ ([^}]+) \}/;
/** Prefix of names that are exported but not part of the package's public API. */
export const INTERNAL = "internal$";

/**
 * Moves the chunk that an entry only re-exports into the entry's own file, because each further file costs an
 * import 0.6 ms. Names that other files of the package import from the chunk but that the entry does not
 * export get the prefix `INTERNAL`.
 */
export function foldEntries(folder: string): void {
  for (const file of moduleFiles(folder).filter((name) => !name.startsWith("chunk-"))) {
    const [, names, chunk] = MERE_NAMES.exec(readFileSync(join(folder, file), "utf8")) ?? [];
    if (names !== undefined && chunk !== undefined) fold(folder, file, chunk, new Set(names.split(", ")));
  }
}

function fold(folder: string, entry: string, chunk: string, given: ReadonlySet<string>): void {
  const outer = (name: string): string => (given.has(name) ? name : INTERNAL + name);
  const code = readFileSync(join(folder, chunk), "utf8")
    .replace(/^export \{ [^}]+ \};$/m, (clause) => renamed(clause, (local, name) => [local, outer(name)]))
    .replace(COMMENTS, `\n//# sourceMappingURL=${entry}.map\n`);
  writeFileSync(join(folder, entry), code);
  renameSync(join(folder, `${chunk}.map`), join(folder, `${entry}.map`));
  rmSync(join(folder, chunk));
  const use = new RegExp(`^(?:import|export) (?:\\{ [^}]+ \\} from )?'\\./${chunk}';$`, "gm");
  for (const file of moduleFiles(folder)) {
    const before = readFileSync(join(folder, file), "utf8");
    const after = before
      .replace(use, (clause) => renamed(clause, (name, local) => [outer(name), local]))
      .replaceAll(`./${chunk}`, `./${entry}`);
    if (after !== before) writeFileSync(join(folder, file), after);
  }
}

type Pair = readonly [from: string, to: string];

/** Renames the names in a clause: `{ a, b as c }` has the pairs a-a and b-c. */
function renamed(clause: string, rename: (from: string, to: string) => Pair): string {
  return clause.replace(CLAUSE, (_, names: string) => {
    const pairs = names.split(", ").map((name) => {
      const [from = "", to = from] = name.split(" as ");
      const [newFrom, newTo] = rename(from, to);
      return newFrom === newTo ? newFrom : `${newFrom} as ${newTo}`;
    });
    return `{ ${pairs.join(", ")} }`;
  });
}

function moduleFiles(folder: string): string[] {
  return readdirSync(folder).filter((file) => file.endsWith(".js"));
}
