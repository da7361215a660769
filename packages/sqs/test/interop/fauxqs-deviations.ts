import type { PartnerDeviations } from "./partner-deviations.ts";

const SEND_MESSAGE =
  "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (2026-11-24)";
const FIFO_VISIBILITY =
  "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html (2026-11-24)";

const ASTRAL_TEXT = {
  id: "HDRS-06",
  reason: "refuses characters from U+10000 on as invalid, which SQS takes",
  issue: SEND_MESSAGE,
} as const;

const COUNTED_UNSEEN = {
  "RTRY-11": "a poll whose client has gone may still take the message and count a delivery that nobody saw",
} as const;

/** fauxqs 2.4.1. */
export const FAUXQS_DEVIATIONS: PartnerDeviations = {
  casesAtATime: 24,
  standard: [ASTRAL_TEXT],
  fifo: [
    ASTRAL_TEXT,
    {
      id: "SETL-07",
      reason: "deletes a FIFO message by a receipt handle that has expired and says that it did",
      issue: FIFO_VISIBILITY,
    },
  ],
  notRun: { standard: COUNTED_UNSEEN, fifo: COUNTED_UNSEEN },
};
