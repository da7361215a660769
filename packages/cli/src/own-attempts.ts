/** A notice of a consumer that the command made for itself: that its attempts have no end is nobody's setting. */
export function withoutOwnAttempts(notice: string): string {
  return notice.replace(/^attempts are unlimited, but /, "");
}
