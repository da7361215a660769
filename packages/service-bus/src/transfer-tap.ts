import { AmqpReader } from "./amqp-reader.ts";
import { methodOf, replaceMethod } from "./inner-methods.ts";
import { LeanDelivery } from "./lean-delivery.ts";
import { PlainMessage } from "./plain-message.ts";
import type { RheaConnection, RheaLink, RheaSession } from "./rhea-names.ts";
import type { PlainTransfer, TransferTaker } from "./transfer-taker.ts";

const TAKER = Symbol("who takes the transfers of a link");
const TAPPED = Symbol("the frames of a connection are looked at");

type Tapped = RheaLink & { [TAKER]?: TransferTaker | undefined };

/** AMQP 1.0 transport, 2.3 and 2.7. https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-transport-v1.0-os.html (2026-11-30) */
const SIZE_BYTES = 4;
const HEADER_BYTES = 8;
/** In words of four bytes: nothing lies between the header and the body. */
const HEADER_WORDS = 2;
const AMQP_FRAME = 0;
const TRANSFER = 0x14;
const DISPOSITION = 0x15;
const ACCEPTED = 0x24;

/** Shared by all connections: no two reads overlap. */
const reader = new AmqpReader();

/** From now on the taker gets the plain transfers of a link, and the answers to what it accepts. */
export function tapTransfers(link: RheaLink, taker: TransferTaker): void {
  (link as Tapped)[TAKER] = taker;
  const { connection } = link;
  const transport = connection.amqp_transport as { [TAPPED]?: true };
  const read = methodOf(transport, "read");
  if (read === undefined || transport[TAPPED] === true) return;
  transport[TAPPED] = true;
  replaceMethod(transport, "read", (...args) =>
    readFrames(connection, args[0] as Buffer, (bytes) => read.call(transport, bytes) as number),
  );
}

export function takerOf(link: RheaLink): TransferTaker | undefined {
  return (link as Tapped)[TAKER];
}

/** Reads whole frames only, as rhea does. @returns how many bytes were read */
function readFrames(
  connection: RheaConnection,
  bytes: Buffer,
  readInRhea: (bytes: Buffer) => number,
): number {
  let at = 0;
  while (bytes.length - at > SIZE_BYTES) {
    const size = bytes.readUInt32BE(at);
    if (size < HEADER_BYTES) return at + readInRhea(bytes.subarray(at));
    const end = at + size;
    if (end > bytes.length) return at;
    if (!takeFrame(connection, bytes, at, end)) {
      const read = readInRhea(bytes.subarray(at, end));
      if (read !== size) return at + read;
    }
    at = end;
  }
  return at;
}

/** Returns false if the frame is left to rhea. */
function takeFrame(connection: RheaConnection, bytes: Buffer, at: number, end: number): boolean {
  if (bytes[at + SIZE_BYTES] !== HEADER_WORDS || bytes[at + SIZE_BYTES + 1] !== AMQP_FRAME) return false;
  const session = connection.remote_channel_map[bytes.readUInt16BE(at + SIZE_BYTES + 2)];
  if (session === undefined) return false;
  reader.begin(bytes, at + HEADER_BYTES, end);
  let taker: TransferTaker | undefined;
  let transfer: PlainTransfer | undefined;
  let accepted: readonly Accepted[] = [];
  try {
    const kind = reader.descriptor();
    if (kind === TRANSFER) {
      const count = reader.list();
      const handle = reader.uint() ?? -1;
      const link: Tapped | undefined = session.remote.handles[handle];
      taker = link?.[TAKER];
      transfer = taker === undefined || taker.isOff ? undefined : readTransfer(count, end);
    } else if (kind === DISPOSITION) accepted = readAccepted(session);
  } catch {
    // It is not plain, so rhea reads it.
  }
  if (taker !== undefined) return taker.take(transfer);
  if (accepted.length === 0) return false;
  for (const { taker: own, delivery } of accepted) own.accepted(delivery);
  connection._register();
  return true;
}

/** Reads on after the handle. @throws NOT_PLAIN */
function readTransfer(count: number, end: number): PlainTransfer | undefined {
  const id = reader.uint();
  const tag = reader.binary();
  const format = reader.uint();
  const isSettled = count > 4 && reader.flag();
  const hasMore = count > 5 && reader.flag();
  if (id === undefined || format !== 0 || isSettled || hasMore) return undefined;
  // Settle mode and state must be null.
  for (let index = 6; index < Math.min(count, 8); index += 1) if (reader.value() !== null) return undefined;
  const isResumed = count > 8 && reader.flag();
  const isAborted = count > 9 && reader.flag();
  if (count > 10) reader.flag();
  if (isResumed || isAborted || count < 4 || count > 11) return undefined;
  return { id, tag, message: PlainMessage.read(reader, end) };
}

interface Accepted {
  readonly taker: TransferTaker;
  readonly delivery: LeanDelivery;
}

/** Reads the deliveries that the service accepted. @returns empty if there are others @throws NOT_PLAIN */
function readAccepted({ incoming }: RheaSession): readonly Accepted[] {
  const count = reader.list();
  const isOfReceiver = reader.flag();
  const first = reader.uint();
  const last = reader.uint() ?? first;
  const isSettled = count > 3 && reader.flag();
  if (isOfReceiver || !isSettled || count < 5 || first === undefined || last === undefined) return [];
  if (reader.descriptor() !== ACCEPTED || reader.list() !== 0) return [];
  const found: Accepted[] = [];
  for (let id = first; id <= last; id += 1) {
    const delivery = incoming.deliveries.by_id(id);
    const taker = delivery instanceof LeanDelivery ? takerOf(delivery.link) : undefined;
    if (taker === undefined || !(delivery instanceof LeanDelivery) || !taker.isAwaited(delivery)) return [];
    found.push({ taker, delivery });
  }
  return found;
}
