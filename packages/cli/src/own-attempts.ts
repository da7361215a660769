/** Removes the unlimited attempts from a notice: the command sets them itself, and no user chose them. */
export function withoutOwnAttempts(notice: string): string {
  return notice.replace(/^attempts are unlimited, but /, "");
}
