import { missingParameter, sqsError } from "../sqs-errors.ts";
import type { OperationInput } from "../protocol/operation-input.ts";

// XML 1.0 characters. With the u flag a lone surrogate is a character of its own and not in this set.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (2026-11-24)
const ILLEGAL_CHARACTER = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

export function readMessageBody(input: OperationInput): string {
  const body = input.optionalText("MessageBody");
  if (body === undefined || body === "") throw missingParameter("MessageBody");
  const illegal = firstIllegalCharacter(body);
  if (illegal === undefined) return body;
  throw sqsError(
    "InvalidMessageContents",
    `Invalid binary character '${illegal}' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].`,
  );
}

// The same set below U+10000, without the u flag, which makes long bodies several times slower. Surrogates
// are checked separately.
const ILLEGAL_UNIT = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

/** Returns the character in the notation of the service's error, such as `#xB`. */
export function firstIllegalCharacter(text: string): string | undefined {
  if (text.isWellFormed() && !ILLEGAL_UNIT.test(text)) return undefined;
  const character = ILLEGAL_CHARACTER.exec(text)?.[0];
  return character === undefined
    ? undefined
    : `#x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}`;
}
