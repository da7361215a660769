import type { Reporter, SerializedError, TestModule } from "vitest/node";

/**
 * Ends a run with one plain line such as `12 passed, 1 failed, 2 skipped`.
 *
 * A test file that does not load and an error outside any test count as failures, so the line never
 * looks better than the exit code.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0;
    let skipped = 0;
    let failed = unhandledErrors.length;
    for (const testModule of modules) {
      failed += testModule.errors().length;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "skipped") skipped += 1;
        else failed += 1;
      }
    }
    const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`;
    // Written at exit, so that it comes after the coverage table.
    process.once("exit", () => process.stdout.write(line));
  }
}
