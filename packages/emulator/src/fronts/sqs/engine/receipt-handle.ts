/** What a receipt handle stands for: one receive of one message from one queue. */
export interface Receipt {
  readonly messageId: string;
  readonly serial: number;
}

const SEPARATOR = " ";

/** Opaque on the wire, as the service's are; `queueKey` makes a handle useless for any other queue. */
export function encodeReceiptHandle(queueKey: string, receipt: Receipt): string {
  const plain = [queueKey, receipt.messageId, receipt.serial].join(SEPARATOR);
  return Buffer.from(plain).toString("base64");
}

/** Undefined when the handle was not issued by this queue. */
export function decodeReceiptHandle(queueKey: string, handle: string): Receipt | undefined {
  const plain = Buffer.from(handle, "base64").toString();
  const [key, messageId, serial, ...rest] = plain.split(SEPARATOR);
  if (key !== queueKey || messageId === undefined || serial === undefined || rest.length > 0)
    return undefined;
  if (!/^[1-9][0-9]*$/.test(serial)) return undefined;
  return { messageId, serial: Number(serial) };
}
