/** The command line was wrong. The process ends with code 2, as shells expect. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
