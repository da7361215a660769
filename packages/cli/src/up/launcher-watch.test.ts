import { expect, test } from "vitest";
import { launchersOf, type ProcessRow } from "./launcher-watch.ts";

/** From the outermost to the innermost, each the parent of the next. */
function rows(...commands: readonly string[]): readonly ProcessRow[] {
  return commands.map((command, index) => ({ pid: index + 1, parent: index, command }));
}

test.each([
  [
    ["init", "-bash", "npm run up", "sh -c node main.ts up"],
    [4, 3],
  ],
  [
    ["init", "bash", "node /opt/lib/node_modules/npm/bin/npm-cli.js run up", "sh -c node main.ts"],
    [4, 3],
  ],
  [
    ["init", "sh /opt/.bin/pnpm --silent up", "/opt/exe/pnpm --silent up", "sh -c trap 1 INT; node main.ts"],
    [4, 3, 2],
  ],
  [
    ["init", "node /opt/pnpm/bin/pnpm.mjs up", "/opt/exe/pnpm up"],
    [3, 2],
  ],
  [["init", "npx anyqueue up"], [2]],
  // The shell in which somebody typed `pnpm up &` may end before it.
  [
    ["init", "bash -c pnpm up &", "pnpm up", "sh -c node main.ts up"],
    [4, 3],
  ],
])("the launchers in %j are watched", (commands, line) => {
  expect(launchersOf(commands.length, rows(...commands))).toEqual(line);
});

test.each([
  [["init", "bash", "sh -c node main.ts up"]],
  [["init", "npm test", "node vitest.mjs"]],
  [["init", "bash start-pnpm-things.sh"]],
  [["init"]],
])("nobody in %j is", (commands) => {
  expect(launchersOf(commands.length, rows(...commands))).toEqual([]);
});

test("a process that is not listed has no launchers", () => {
  expect(launchersOf(99, rows("npm run up"))).toEqual([]);
});
