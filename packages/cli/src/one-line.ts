/** Escapes what could end the line or make a terminal do what the sender of a message wants. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the characters in question
  return escapeControls(text, /[\0-\u001F\u007F-\u009F]/g);
}

/** Writes each of these characters as JSON would. */
export function escapeControls(text: string, which: RegExp): string {
  return text.replace(which, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
