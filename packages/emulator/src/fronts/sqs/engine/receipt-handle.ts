/** The meaning of a receipt handle: one receive of one message from one queue. */
export interface Receipt {
  readonly messageId: string;
  readonly serial: number;
}

const SEPARATOR = " ";

/** Opaque on the wire, as the service's handles are. `queueKey` makes it invalid for any other queue. */
export function encodeReceiptHandle(queueKey: string, receipt: Receipt): string {
  const plain = [queueKey, receipt.messageId, receipt.serial].join(SEPARATOR);
  return Buffer.from(plain).toString("base64");
}

/** Returns undefined if this queue did not issue the handle. */
export function decodeReceiptHandle(queueKey: string, handle: string): Receipt | undefined {
  const plain = Buffer.from(handle, "base64").toString();
  const [key, messageId, serial, ...rest] = plain.split(SEPARATOR);
  if (key !== queueKey || messageId === undefined || serial === undefined || rest.length > 0)
    return undefined;
  if (!/^[1-9][0-9]*$/.test(serial)) return undefined;
  return { messageId, serial: Number(serial) };
}
